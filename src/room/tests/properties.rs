//! What holds whatever comes in.

use super::{Came, join, nick, open, text};
use crate::room::{Effects, Input, Join, Post, Rooms, Target};
use crate::wire::close::CloseReason;
use crate::wire::entry::{Event, Kind, Millis, Ordinal, RoomId, Seq, SessionId};
use crate::wire::room_name::RoomName;
use proptest::prelude::{
    Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use std::collections::BTreeMap;

fn any_room() -> impl Strategy<Value = RoomName> {
    let names = vec!["lobby", "ops", "tea", "den", "attic"];
    prop::sample::select(names).prop_map(|name| RoomName::parse(name).unwrap())
}

fn any_input() -> impl Strategy<Value = Input> {
    let session = (1_u64..6).prop_map(SessionId);
    let name = prop::sample::select(vec!["Ann", "ann", "Bea", "Cid", "Dan", "Ne0"]);
    let reason = Just(CloseReason::Quit);
    prop_oneof![
        3 => (1_u64..6, name.clone(), any::<bool>(), 0_u8..4).prop_map(|(session, name, bot, token)| {
            let kind = if bot { Kind::Bot } else { Kind::User };
            let token = (token > 0).then(|| token.to_string().into());
            Input::Join(Join { kind, token, ..join(session, name) })
        }),
        2 => (session.clone(), reason).prop_map(|(session, reason)| Input::Leave { session, reason }),
        6 => (session.clone(), 0_u64..30, prop::option::of(0_u8..4)).prop_map(|(session, cause, id)| {
            let id = id.map(|id| id.to_string().into());
            let post = Post { id, cause: Some(Seq(cause)), ..Post::plain(text("hi")) };
            Input::Post { session, room: None, posts: vec![post.clone(), Post { id: None, ..post }] }
        }),
        2 => (session.clone(), any_room(), any::<bool>()).prop_map(|(session, room, alone)| {
            Input::Enter { session, room, id: None, alone }
        }),
        2 => any_room().prop_map(|room| {
            Input::Open { room, first: Seq(7), topic: None, recorded: true }
        }),
        1 => (session.clone(), prop::option::of(any_room())).prop_map(|(session, room)| {
            Input::Part { session, room, id: None }
        }),
        1 => (session, name.clone()).prop_map(|(session, to)| Input::Rename { session, to: nick(to) }),
        1 => name.clone().prop_map(|name| Input::Kick { name: name.into(), reason: None }),
        1 => name.clone().prop_map(|name| Input::Ban { target: Target::parse(name), reason: None }),
        1 => name.prop_map(|name| Input::Unban { target: Target::parse(name) }),
        1 => Just(Input::Tick),
    ]
}

proptest! {
    /// Whatever comes in: numbers go up by one, no two members read alike, what a member says is
    /// under its own name, and the same inputs give the same entries.
    #[test]
    fn the_rooms_hold(inputs in proptest::collection::vec(any_input(), 0..80)) {
        let (mut one, mut two) = (Rooms::new(3, 3), Rooms::new(3, 3));
        let mut last: BTreeMap<RoomId, Seq> = BTreeMap::new();
        let mut place = Ordinal(0);
        let inputs = [open("lobby")].into_iter().chain(inputs);
        for (input, at) in inputs.zip(1..) {
            let (mut effects, mut again) = (Effects::default(), Effects::default());
            one.apply(Millis(at), input.clone(), &mut effects);
            two.apply(Millis(at), input.clone(), &mut again);
            let (effects, again) = (Came::from(effects), Came::from(again));
            prop_assert_eq!(&effects.entries, &again.entries);
            prop_assert_eq!(&effects.rooms, &again.rooms);
            prop_assert_eq!(&effects.replies, &again.replies);
            for (entry, room) in effects.entries.iter().zip(&effects.rooms) {
                prop_assert_eq!(entry.ordinal, place.next());
                place = entry.ordinal;
                if let Some(last) = last.insert(*room, entry.seq) {
                    prop_assert_eq!(entry.seq, last.next());
                }
                if let Event::Chat(chat) = &entry.event {
                    let author = one.members().find(|member| member.session == entry.author);
                    prop_assert_eq!(author.map(|member| &member.nick), Some(&chat.from));
                    prop_assert!(chat.kind == Kind::Bot || chat.hops == 0);
                    prop_assert!(chat.cause.is_none_or(|cause| cause < entry.seq));
                }
            }
            prop_assert_eq!(one.ordinal(), place, "the last entry is the place");
            prop_assert!(one.rooms().count() <= 3, "there are no more rooms than there may be");
            for (id, room) in one.rooms() {
                let inside = one.members().filter(|member| member.rooms.contains(&id)).count();
                prop_assert_eq!(room.len(), inside, "who is in a room knows it");
            }
            let keys: Vec<_> = one.members().map(|member| member.nick.key()).collect();
            for (index, key) in keys.iter().enumerate() {
                prop_assert!(keys[index + 1..].iter().all(|other| !key.clashes(other)));
            }
        }
    }
}
