//! What is said and heard on one connection.

use super::{Scene, scene, text_of};
use crate::client::{Closed, Event, Retry, UNACKED};
use crate::wire::native::{ClientEvent, Say};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

#[tokio::test(start_paused = true)]
async fn a_servers_ping_is_answered_and_not_shown() {
    let mut scene = scene(Retry::Never);
    let (mut peer, _) = scene.admit("e", 5).await;
    peer.send(r#"{"ping":{"id":"x"}}"#).await;
    match peer.hear().await {
        ClientEvent::Pong(pong) => assert_eq!(pong.id.as_deref(), Some("x")),
        other => panic!("{other:?}"),
    }
    scene.assert_silent();
}

#[tokio::test(start_paused = true)]
async fn say_waits_while_64_messages_are_unanswered() {
    let mut scene = scene(Retry::Never);
    let (mut peer, _) = scene.admit("e", 0).await;
    let mut ids = Vec::new();
    for n in 0..UNACKED {
        assert!(!scene.handle.is_full());
        ids.push(scene.say(&n.to_string()).await);
    }
    assert!(scene.handle.is_full());
    let waiting = scene.handle.say(Say { text: "one more".into(), ..Say::default() });
    tokio::pin!(waiting);
    assert!(timeout(Duration::from_secs(5), &mut waiting).await.is_err());
    peer.ack(&ids[0], 1, false).await;
    waiting.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_text_that_no_server_takes_is_refused_here() {
    let mut scene = scene(Retry::Never);
    let (mut peer, _) = scene.admit("e", 0).await;
    let long = scene.say(&"\0".repeat(4096)).await;
    let empty = scene.say("  ").await;
    scene.say("fits").await;
    assert_eq!(text_of(&scene.server_event().await), format!("refused {long} too_long"));
    assert_eq!(text_of(&scene.server_event().await), format!("refused {empty} empty"));
    assert_eq!(peer.said().await.1, "fits");
}

#[tokio::test(start_paused = true)]
async fn quitting_says_what_was_said_before_and_waits_for_its_acks() {
    let mut scene = scene(Retry::AfterFirst);
    let (mut peer, _) = scene.admit("e", 0).await;
    let id = scene.say("last words").await;
    scene.handle.quit().await;
    assert_eq!(peer.said().await.1, "last words");
    assert!(matches!(peer.hear().await, ClientEvent::Quit(_)));
    peer.ack(&id, 1, false).await;
    peer.send(r#"{"bye":{"code":"quit","text":"you left"}}"#).await;
    assert_eq!(text_of(&scene.server_event().await), format!("ack {id}"));
    assert_eq!(scene.closed().await, Closed::Quit);
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_nobody_holds_it_and_when_it_is_cancelled() {
    let scene_ = scene(Retry::Always);
    let Scene { handle, mut events, mut dialled, tracker, .. } = scene_;
    let stream = dialled.recv().await.unwrap();
    drop(handle);
    assert_eq!(events.recv().await, Some(Event::Closed { why: Closed::Quit }));
    tracker.close();
    tracker.wait().await;
    drop(stream);

    let mut scene = scene(Retry::Always);
    let (mut peer, _) = scene.admit("e", 0).await;
    scene.cancel.cancel();
    assert!(matches!(peer.hear().await, ClientEvent::Quit(_)));
    let since = Instant::now();
    assert_eq!(scene.closed().await, Closed::Quit);
    assert!(since.elapsed() <= Duration::from_secs(2), "a deaf server is not waited for");

    let mut scene = self::scene(Retry::Always);
    let (mut peer, _) = scene.admit("e", 0).await;
    let (_gone, events) = mpsc::channel(1);
    drop(std::mem::replace(&mut scene.events, events));
    assert!(matches!(peer.hear().await, ClientEvent::Quit(_)));
}

#[tokio::test(start_paused = true)]
async fn hostile_text_arrives_harmless_and_odd_lines_are_survived() {
    let mut scene = scene(Retry::Never);
    let (mut peer, _) = scene.admit("e", 0).await;
    peer.send(r#"{"hologram":{}}"#).await;
    peer.send("not json").await;
    peer.send(r#"{"chat":{"room":1}}"#).await;
    peer.chat(1, "Tr\\u001b[31min", "a\\u001b]0;x\\u0007b\\u202e").await;
    assert_eq!(text_of(&scene.server_event().await), "1 Tr␛[31min: a␛]0;x␇b");
    scene.assert_silent();
}

#[tokio::test(start_paused = true)]
async fn the_pieces_in_which_bytes_arrive_change_nothing() {
    let transcript = concat!(
        "NICK\n",
        r##"{"welcome":{"v":1,"server":"t","nick":"Neo","epoch":"e","rooms":[{"room":"#lobby","seq":0,"members":1}],"limits":{"text":4096,"line":16384,"ping_secs":30,"dead_secs":90},"text":"hi"}}"##,
        "\r\n",
        r##"{"chat":{"room":"#lobby","seq":1,"at":1,"from":"Trin","text":"né"}}"##,
        "\n",
    );
    for piece in [1, 2, 3, 7, 64, transcript.len()] {
        let mut scene = scene(Retry::Never);
        let mut stream = scene.dialled.recv().await.unwrap();
        for bytes in transcript.as_bytes().chunks(piece) {
            stream.write_all(bytes).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert!(matches!(scene.events.recv().await, Some(Event::Online { first: true, .. })));
        assert_eq!(text_of(&scene.server_event().await), "1 Trin: né");
        let mut hello = [0; 9];
        stream.read_exact(&mut hello).await.unwrap();
        assert_eq!(&hello, br#"{"hello":"#);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_user_is_waited_for_and_loses_nothing() {
    let mut scene = scene(Retry::Never);
    let (mut peer, _) = scene.admit("e", 0).await;
    for seq in 1..=1000 {
        peer.chat(seq, "Trin", "x").await;
    }
    // Much longer than the server may be silent: it is this side that does not listen.
    tokio::time::sleep(Duration::from_mins(5)).await;
    for seq in 1..=1000 {
        assert_eq!(text_of(&scene.server_event().await), format!("{seq} Trin: x"));
    }
}
