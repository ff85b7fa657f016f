//! What is encoded is decoded, and what is not right is told.

use super::super::OwnerHash;
use super::super::bytes::Damaged;
use super::super::segment::{ENTRIES, Encoder};
use super::super::view::{Kept, Names, View, decode};
use crate::wire::close::CloseReason;
use crate::wire::entry::{Chat, Entry, Event, Kind, Millis, Ordinal, Seq, SessionId};
use crate::wire::nick::Nick;
use crate::wire::text::Text;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

fn nick() -> impl Strategy<Value = Nick> {
    prop_oneof![
        "[a-z]{1,8}".prop_filter_map("reserved", |name| Nick::parse(name.as_bytes()).ok()),
        Just(Nick::server()),
        Just(Nick::parse("Ünïcode".as_bytes()).unwrap()),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::User), Just(Kind::Bot), Just(Kind::Script)]
}

fn text() -> impl Strategy<Value = Text> {
    ".{1,40}".prop_filter_map("empty", |text| Text::clean(text.as_bytes()).ok())
}

fn owner() -> impl Strategy<Value = OwnerHash> {
    (0_u8..4).prop_map(|byte| OwnerHash([byte; 16]))
}

fn said() -> impl Strategy<Value = Event> {
    let named = proptest::option::of(("[ -~]{1,64}", proptest::option::of(owner())));
    let caused = proptest::option::of((any::<u32>(), any::<u8>()));
    (nick(), kind(), any::<bool>(), text(), caused, named).prop_map(
        |(from, kind, emote, text, caused, named)| {
            let (id, owner) = named.unzip();
            Event::Chat(Chat {
                from,
                kind,
                emote,
                text,
                cause: caused.map(|(cause, _)| Seq(u64::from(cause))),
                hops: caused.map_or(0, |(_, hops)| hops),
                id: id.map(Into::into),
                owner: owner.flatten().map(|owner| owner.to_string().into()),
            })
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let reason = (0..CloseReason::ALL.len()).prop_map(|at| CloseReason::ALL[at]);
    prop_oneof![
        6 => said(),
        1 => (nick(), kind()).prop_map(|(who, kind)| Event::Join { who, kind }),
        1 => (nick(), kind(), reason)
            .prop_map(|(who, kind, reason)| Event::Leave { who, kind, reason }),
        1 => (nick(), nick(), kind()).prop_map(|(from, to, kind)| Event::Rename { from, to, kind }),
        1 => (nick(), kind(), proptest::option::of(text()))
            .prop_map(|(by, kind, topic)| Event::Topic { by, kind, topic }),
        1 => any::<(u32, u32)>().prop_map(|(joined, left)| Event::Crowd { joined, left }),
    ]
}

fn entries() -> impl Strategy<Value = Vec<Kept>> {
    let entry = (1_u64..1000, any::<u32>(), event());
    (0_u64..1 << 52, proptest::collection::vec(entry, 1..40)).prop_map(|(mut seq, entries)| {
        entries
            .into_iter()
            .map(|(step, at, event)| {
                seq += step;
                let owner = match &event {
                    Event::Chat(chat) => chat.owner.as_deref().and_then(OwnerHash::parse),
                    _ => None,
                };
                let (ordinal, author) = (Ordinal(0), SessionId::PAST);
                let at = Millis(u64::from(at));
                Kept { entry: Entry { seq: Seq(seq), ordinal, at, author, event }, owner }
            })
            .collect()
    })
}

fn encoded(entries: &[Kept]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    for kept in entries {
        encoder.push(&kept.entry, kept.owner);
    }
    encoder.finish().unwrap().blob
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(entries in entries()) {
        let mut encoder = Encoder::default();
        // The encoder is used again and again.
        for _ in 0..2 {
            for kept in &entries {
                encoder.push(&kept.entry, kept.owner);
            }
            let segment = encoder.finish().unwrap();
            prop_assert_eq!(segment.span.count as usize, entries.len());
            prop_assert_eq!(segment.span.first, entries[0].entry.seq);
            prop_assert_eq!(segment.span.last, entries[entries.len() - 1].entry.seq);
            prop_assert_eq!(&decode(&segment.blob, &mut Names::default()).unwrap(), &entries);
            let view = View::open(&segment.blob).unwrap();
            for (item, kept) in view.items().zip(&entries) {
                let expected = match &kept.entry.event {
                    Event::Chat(chat) => Some(chat.text.to_string()),
                    _ => None,
                };
                prop_assert_eq!(view.text(&item.unwrap()).unwrap(), expected.as_deref());
            }
        }
        prop_assert!(encoder.finish().is_none());
    }

    #[test]
    fn a_changed_byte_always_shows(entries in entries(), at in any::<proptest::sample::Index>(), to in 1_u8..) {
        let mut blob = encoded(&entries);
        let at = at.index(blob.len());
        blob[at] ^= to;
        prop_assert_eq!(decode(&blob, &mut Names::default()), Err(Damaged));
        blob[at] ^= to;
        blob.truncate(at);
        prop_assert_eq!(decode(&blob, &mut Names::default()), Err(Damaged));
    }

    /// Bytes whose sum is right, and nothing else: no panic, whatever they say.
    #[test]
    fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut blob = vec![1];
        blob.extend(super::super::bytes::sum(&body).to_le_bytes());
        blob.extend(&body);
        let mut names = Names::default();
        let _read = decode(&blob, &mut names);
        if let Ok(view) = View::open(&blob) {
            for item in view.items().map_while(Result::ok) {
                let _text = view.text(&item);
            }
        }
        let _read = decode(&body, &mut names);
    }
}

#[test]
fn an_encoder_is_full_in_time() {
    let short = super::rig::chat("x");
    let mut encoder = Encoder::default();
    let mut count = 0;
    while !encoder.is_full() {
        count += 1;
        let (ordinal, author) = (Ordinal(count), SessionId(1));
        let entry = Entry { seq: Seq(count), ordinal, at: Millis(1), author, event: short.clone() };
        encoder.push(&entry, None);
    }
    assert_eq!(usize::try_from(count).unwrap(), ENTRIES);
}
