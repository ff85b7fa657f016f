//! What a bot does besides answering in the room: whispers, who comes and goes, what it keeps in a
//! file, and what happens to its edits. Against a server that says exactly what the test wants.

use super::room::{Peer, until, with_bot, with_bot_in};
use crate::bot::Notice;
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

#[tokio::test]
async fn whispers_joins_and_timers_reach_the_script() {
    let script = r"
        const BOT = #{ timers: #{ tick: 1 } };
        fn on_whisper(msg) { `you said ${msg.text}` }
        fn on_join(who) { `welcome ${who} (${users().len()})` }
        fn on_timer(name) { name }
    ";
    with_bot(script, async |listener, _, _| {
        let mut peer = Peer::admit(listener, 10).await;
        assert_eq!(peer.next().await, json!({"who": {"room": "#lobby"}}));
        let members = json!([{"nick": "Echo", "kind": "bot", "since": 1}]);
        peer.send(json!({"roster": {"room": "#lobby", "members": members}})).await;
        let join = |seq: u64, who: &str| {
            json!({"join": {"room": "#lobby", "seq": seq, "at": 1, "who": who}})
        };
        peer.send(join(9, "Past")).await;
        peer.send(join(11, "Neo")).await;
        peer.send(json!({"whisper": {"at": 1, "from": "Neo", "text": "hi"}})).await;
        let mut heard = Vec::new();
        while heard.len() < 3 {
            let event = peer.next().await;
            if let Some(say) = event.get("say") {
                let ack = json!({"ack": {"id": say["id"], "room": "#lobby", "seq": 20, "at": 1}});
                peer.send(ack).await;
                heard.push((say["text"].clone(), say["cause"].clone()));
            } else {
                let whisper = &event["whisper"];
                assert_eq!(whisper["to"], "Neo");
                peer.send(json!({"ack": {"id": whisper["id"], "at": 1}})).await;
                heard.push((whisper["text"].clone(), Value::Null));
            }
        }
        heard.sort_by_key(|(text, _)| text.to_string());
        assert_eq!(heard[0], (json!("tick"), Value::Null));
        assert_eq!(heard[1], (json!("welcome Neo (2)"), json!(11)));
        assert_eq!(heard[2], (json!("you said hi"), Value::Null));
        assert_eq!(peer.abouts[0], json!({"answers": ["whispers"]}));
        while peer.abouts.len() < 2 {
            peer.send(json!({"whisper": {"at": 1, "from": "Neo", "text": "more"}})).await;
            let event = peer.next().await;
            let part = if event.get("say").is_some() { "say" } else { "whisper" };
            peer.send(json!({"ack": {"id": event[part]["id"], "at": 1}})).await;
        }
        assert!(peer.abouts[1]["calls"].as_u64() >= Some(3), "{:?}", peer.abouts[1]);
    })
    .await;
}

#[tokio::test]
async fn state_is_in_its_file_before_the_bot_joins_and_after_it_answers() {
    let script = "fn on_message(msg) { state.n = (state.n ?? 40) + 1; `${state.n}` }";
    let mut file = None;
    with_bot(script, async |listener, path, _| {
        let state = path.parent().unwrap().join(".state/echo.json");
        let mut peer = Peer::admit(listener, 10).await;
        peer.chat(11, "Neo", "user", 0, "x").await;
        assert_eq!(peer.said().await.0, "41");
        until(|| state.exists()).await;
        let kept: Value = serde_json::from_slice(&fs::read(&state).unwrap()).unwrap();
        assert_eq!(kept, json!({"n": 41}));
        // Deleted, the bot leaves; back again, it remembers.
        fs::remove_file(&path).unwrap();
        assert_eq!(peer.next().await, json!({"quit": {}}));
        drop(peer);
        fs::write(&path, script).unwrap();
        let mut peer = Peer::admit(listener, 10).await;
        peer.chat(11, "Neo", "user", 0, "x").await;
        assert_eq!(peer.said().await.0, "42");
        file = Some(state);
    })
    .await;
    assert!(file.is_some());
}

#[tokio::test]
async fn a_bot_begins_once_its_state_can_be_read_and_says_what_is_wrong_until_then_once() {
    let script = "fn on_message(msg) { state.n = (state.n ?? 40) + 1; `${state.n}` }";
    for (mended, answer) in [(Some("{\"n\": 6}"), "7"), (None, "41")] {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".state")).unwrap();
        let state = home.path().join(".state/echo.json");
        fs::write(&state, "{").unwrap();
        with_bot_in(home, script, async |listener, _, notices| {
            let wrongs = || {
                let notices = notices.lock().unwrap();
                notices.iter().filter(|notice| notice.to_string().contains("mend the file")).count()
            };
            until(|| wrongs() == 1).await;
            let note = "\nthe bot begins once its state can be read";
            assert!(notices.lock().unwrap()[0].to_string().ends_with(note), "{notices:?}");
            match mended {
                Some(text) => {
                    // Mended badly, it is told anew, so it was looked at again; and from then on not.
                    fs::write(&state, "{\n{").unwrap();
                    until(|| wrongs() == 2).await;
                    tokio::time::sleep(Duration::from_millis(2_200)).await;
                    fs::write(&state, text).unwrap();
                }
                None => fs::remove_file(&state).unwrap(),
            }
            let mut peer = Peer::admit(listener, 10).await;
            peer.chat(11, "Neo", "user", 0, "x").await;
            assert_eq!(peer.said().await.0, answer);
            assert_eq!(wrongs(), 1 + usize::from(mended.is_some()), "{notices:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn an_edited_import_reloads_its_user_and_a_broken_one_is_told_to_its_owner() {
    let script = "import \"words\" as words;\nconst BOT = #{ owner: \"Trinity\" };\nfn on_message(msg) { words::word() }";
    with_bot(script, async |listener, path, notices| {
        let told = |wanted: &'static str| {
            let notices = notices.clone();
            move || notices.lock().unwrap().iter().any(|notice| notice.to_string().contains(wanted))
        };
        let lib = path.parent().unwrap().join("lib/words.rhai");
        let mut peer = Peer::admit(listener, 10).await;
        peer.chat(11, "Neo", "user", 0, "a").await;
        assert_eq!(peer.said().await.0, "one");
        fs::write(&lib, "fn word() { \"two\" }").unwrap();
        until(told("echo.rhai reloaded in ")).await;
        peer.chat(13, "Neo", "user", 0, "b").await;
        assert_eq!(peer.said().await.0, "two");
        fs::write(&lib, "fn word() {\n  rply(1) }").unwrap();
        let whisper = peer.next().await;
        assert_eq!(whisper["whisper"]["to"], "Trinity");
        let text = "words.rhai:2:3: unknown function `rply`; did you mean `reply`?";
        assert_eq!(whisper["whisper"]["text"], text);
        let wrongs = || {
            let is_wrong = |notice: &&Notice| matches!(notice, Notice::Wrong(_));
            notices.lock().unwrap().iter().filter(is_wrong).count()
        };
        assert_eq!(wrongs(), 1);
        assert!(told("still running the version loaded at ")());
        // The same mistake again is shown to whoever runs the bot, and whispered no more.
        fs::write(&lib, "fn word() {\n  rply(1) }\n// something else").unwrap();
        until(|| wrongs() == 2).await;
        peer.chat(15, "Neo", "user", 0, "c").await;
        assert_eq!(peer.said().await.0, "two");
        fs::write(&lib, "fn word() { \"three\" }").unwrap();
        let reloads = || {
            let notices = notices.lock().unwrap();
            notices.iter().filter(|notice| notice.to_string().contains("reloaded in")).count()
        };
        until(|| reloads() == 2).await;
        // Another file in the library is none of this bot's business. What comes after it shows
        // that it was seen.
        fs::write(lib.with_file_name("other.rhai"), "fn x() {").unwrap();
        fs::write(&lib, "fn word() { \"four\" }").unwrap();
        until(|| reloads() == 3).await;
        peer.chat(17, "Neo", "user", 0, "d").await;
        assert_eq!(peer.said().await.0, "four");
        assert_eq!(reloads(), 3, "{:?}", notices.lock().unwrap());
    })
    .await;
}
