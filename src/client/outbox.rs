//! Own messages from the moment they are given until the server has answered them: in order, each
//! under one id. Pure; the task writes what this hands out.

use crate::wire::entry::MessageId;
use crate::wire::native::{ClientEvent, Say};
use crate::wire::text;
use std::collections::VecDeque;

/// Messages without an answer, oldest first. `P` is what a message holds while it waits: its
/// permit, which bounds the queue.
#[derive(Debug)]
pub(super) struct Outbox<P> {
    waiting: VecDeque<Waiting<P>>,
}

#[derive(Debug)]
struct Waiting<P> {
    id: MessageId,
    event: ClientEvent,
    /// It was written to a connection: the server may have it.
    sent: bool,
    /// A resume has shown it in the room already; only its ack is missing.
    replayed: bool,
    /// Held, never looked at.
    #[expect(dead_code, reason = "what counts is when it is dropped")]
    permit: P,
}

impl<P> Outbox<P> {
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::new() }
    }

    /// Takes a message in, behind all others.
    pub(super) fn push(&mut self, id: MessageId, event: ClientEvent, permit: P) {
        self.waiting.push_back(Waiting { id, event, sent: false, replayed: false, permit });
    }

    /// What is to be written now, oldest first: after [`lost`](Self::lost) everything, else what
    /// came in since. Counts as written from here on.
    pub(super) fn unsent(&mut self, mut write: impl FnMut(&ClientEvent)) {
        for message in self.waiting.iter_mut().filter(|message| !message.sent) {
            message.sent = true;
            write(&message.event);
        }
    }

    /// The message is answered. Returns whether it was waiting.
    pub(super) fn done(&mut self, id: &str) -> bool {
        let found = self.waiting.iter().position(|message| &*message.id == id);
        found.and_then(|at| self.waiting.remove(at)).is_some()
    }

    /// A resume shows something this client said. Returns whether it is one of the messages that
    /// wait: then its ack follows and stands for it.
    pub(super) fn is_replayed(&mut self, shown: &str, emote: bool) -> bool {
        let same = |say: &Say| say.emote == emote && text::scrub(&say.text) == shown;
        let found = self.waiting.iter_mut().find(|message| {
            !message.replayed && matches!(&message.event, ClientEvent::Say(say) if same(say))
        });
        found.map(|message| message.replayed = true).is_some()
    }

    /// The connection is gone. Messages wait to be written again; whispers that were on their way
    /// are given up, because a server would take them for new ones. Returns their ids.
    pub(super) fn lost(&mut self) -> Vec<MessageId> {
        let is_lost =
            |message: &Waiting<P>| message.sent && matches!(message.event, ClientEvent::Whisper(_));
        let given_up = self.waiting.iter().filter(|message| is_lost(message));
        let given_up = given_up.map(|message| message.id.clone()).collect();
        self.waiting.retain(|message| !is_lost(message));
        for message in &mut self.waiting {
            message.sent = false;
            message.replayed = false;
        }
        given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::native::SendWhisper;
    use std::sync::Arc;

    fn say(id: &str, text: &str) -> (MessageId, ClientEvent) {
        let say = Say { id: Some(id.into()), text: text.into(), ..Say::default() };
        (id.into(), ClientEvent::Say(say))
    }

    fn written(outbox: &mut Outbox<Arc<()>>) -> Vec<String> {
        let mut texts = Vec::new();
        outbox.unsent(|event| match event {
            ClientEvent::Say(say) => texts.push(say.text.clone()),
            ClientEvent::Whisper(whisper) => texts.push(format!("to {}", whisper.to)),
            other => panic!("{other:?}"),
        });
        texts
    }

    #[test]
    fn kept_in_order_until_answered_and_written_again_after_a_loss() {
        let permit = Arc::new(());
        let mut outbox = Outbox::new();
        for (id, event) in [say("1", "a"), say("2", "b")] {
            outbox.push(id, event, permit.clone());
        }
        assert_eq!(written(&mut outbox), ["a", "b"]);
        assert_eq!(written(&mut outbox), [""; 0], "nothing twice on one connection");
        assert!(outbox.done("1"));
        assert!(!outbox.done("1"), "an answer counts once");
        let (id, event) = say("3", "c");
        outbox.push(id, event, permit.clone());
        assert!(outbox.lost().is_empty());
        assert_eq!(written(&mut outbox), ["b", "c"]);
        assert!(outbox.done("3") && outbox.done("2"));
        assert_eq!(Arc::strong_count(&permit), 1, "answered messages give their permits back");
    }

    #[test]
    fn a_whisper_on_its_way_is_given_up_and_one_that_was_not_is_kept() {
        let mut outbox = Outbox::new();
        let whisper = |to: &str| {
            ClientEvent::Whisper(SendWhisper { id: None, to: to.into(), text: "x".into() })
        };
        outbox.push("1".into(), whisper("Neo"), Arc::new(()));
        assert_eq!(written(&mut outbox), ["to Neo"]);
        outbox.push("2".into(), whisper("Trin"), Arc::new(()));
        assert_eq!(outbox.lost(), ["1".into()] as [MessageId; 1]);
        assert_eq!(written(&mut outbox), ["to Trin"]);
    }

    #[test]
    fn each_waiting_message_stands_for_one_replayed_line() {
        let mut outbox = Outbox::new();
        for (id, event) in [say("1", "hi\tyou"), say("2", "hi\tyou")] {
            outbox.push(id, event, Arc::new(()));
        }
        assert!(!outbox.is_replayed("other", false) && !outbox.is_replayed("hi you", true));
        assert!(outbox.is_replayed("hi you", false) && outbox.is_replayed("hi you", false));
        assert!(!outbox.is_replayed("hi you", false), "a third one is somebody's new line");
    }
}
