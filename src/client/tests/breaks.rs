//! What the client does when there is no connection, or no longer.

use super::{scene, text_of};
use crate::client::Retry;
use crate::wire::close::CloseReason;
use crate::wire::native::ClientEvent;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

#[tokio::test(start_paused = true)]
async fn what_is_not_acknowledged_is_said_again_in_order_under_its_old_id() {
    let mut scene = scene(Retry::AfterFirst);
    let (mut peer, first) = scene.admit("e", 5).await;
    assert_eq!(first.resume, None);
    for text in ["a", "b", "c"] {
        scene.say(text).await;
    }
    let said = [peer.said().await, peer.said().await, peer.said().await];
    assert_eq!(said.clone().map(|(_, text)| text), ["a", "b", "c"]);
    peer.ack(&said[0].0, 6, false).await;
    assert_eq!(text_of(&scene.server_event().await), format!("ack {}", said[0].0));
    drop(peer);
    let (why, retry_in) = scene.offline().await;
    assert_eq!(why, "the connection was lost: the server closed the connection");
    assert!(retry_in <= Duration::from_millis(250), "{retry_in:?}");
    scene.say("d").await;

    let (mut peer, again) = scene.admit("e", 6).await;
    assert_eq!(again.token, first.token);
    let resume = again.resume.unwrap();
    assert_eq!((resume.epoch.as_deref(), resume.after["#lobby"]), (Some("e"), 6));
    assert_eq!(peer.said().await, said[1]);
    assert_eq!(peer.said().await, said[2]);
    assert_eq!(peer.said().await.1, "d");
    let more = timeout(Duration::from_secs(20), peer.hear()).await;
    assert!(more.is_err(), "nothing twice: {more:?}");
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_it_is_connected_without_a_wait() {
    let mut scene = scene(Retry::AfterFirst);
    scene.admit("e", 5).await;
    for _ in 0..10 {
        // The later it is, the longer it would wait: up to half a minute.
        scene.offline().await;
        let since = Instant::now();
        scene.handle.retry().await;
        drop(scene.accept().await);
        assert_eq!(since.elapsed(), Duration::ZERO);
    }
    scene.offline().await;
    let (mut peer, _) = scene.admit("e", 5).await;
    scene.handle.retry().await;
    peer.chat(6, "Trin", "six").await;
    assert_eq!(text_of(&scene.server_event().await), "6 Trin: six", "it is connected already");
}

#[tokio::test(start_paused = true)]
async fn a_resume_has_no_gap_and_no_double_even_if_the_ack_overtakes_it() {
    let mut scene = scene(Retry::AfterFirst);
    let (mut peer, _) = scene.admit("e", 5).await;
    peer.chat(6, "Trin", "six").await;
    assert_eq!(text_of(&scene.server_event().await), "6 Trin: six");
    let id = scene.say("mine").await;
    peer.said().await;
    drop(peer);
    scene.offline().await;

    // The message had its place before the connection broke; others came before and after.
    let (mut peer, _) = scene.admit("e", 10).await;
    peer.ack(&id, 8, true).await;
    peer.chat(6, "Trin", "six").await;
    for (seq, from, text) in [(7, "Trin", "seven"), (8, "Neo", "mine"), (9, "Trin", "nine")] {
        peer.chat(seq, from, text).await;
    }
    for expected in [format!("ack {id}").as_str(), "7 Trin: seven", "9 Trin: nine"] {
        assert_eq!(text_of(&scene.server_event().await), expected);
    }
    scene.assert_silent();
}

#[tokio::test(start_paused = true)]
async fn an_own_line_that_a_resume_shows_is_told_by_its_ack_only() {
    let mut scene = scene(Retry::AfterFirst);
    let (mut peer, _) = scene.admit("e", 5).await;
    let id = scene.say("mine").await;
    peer.said().await;
    drop(peer);
    scene.offline().await;
    let (mut peer, _) = scene.admit("e", 7).await;
    peer.chat(6, "Neo", "mine").await;
    peer.ack(&id, 6, true).await;
    peer.ack(&id, 6, true).await;
    peer.chat(8, "Trin", "next").await;
    assert_eq!(text_of(&scene.server_event().await), format!("ack {id}"));
    assert_eq!(text_of(&scene.server_event().await), "8 Trin: next");
    scene.assert_silent();
}

#[tokio::test(start_paused = true)]
async fn what_the_server_no_longer_has_is_said() {
    let mut scene = scene(Retry::AfterFirst);
    let (peer, _) = scene.admit("e", 5).await;
    drop(peer);
    scene.offline().await;
    let (mut peer, hello) = scene.admit("f", 3).await;
    assert_eq!(hello.resume.unwrap().epoch.as_deref(), Some("e"));
    peer.send(r##"{"gap":{"room":"#lobby","after":0,"before":2}}"##).await;
    peer.chat(2, "Trin", "a new log").await;
    assert_eq!(text_of(&scene.server_event().await), "gap 0..2");
    assert_eq!(text_of(&scene.server_event().await), "2 Trin: a new log");
}

#[tokio::test(start_paused = true)]
async fn silence_is_pinged_at_30_s_and_ends_at_90() {
    let mut scene = scene(Retry::AfterFirst);
    let (mut peer, _) = scene.admit("e", 5).await;
    let since = Instant::now();
    assert!(matches!(peer.hear().await, ClientEvent::Ping(_)));
    assert_eq!(since.elapsed().as_secs(), 30);
    peer.send(r#"{"pong":{"id":"keepalive"}}"#).await;
    assert!(matches!(peer.hear().await, ClientEvent::Ping(_)));
    assert_eq!(since.elapsed().as_secs(), 60, "an answer begins the count again");
    let (why, _) = scene.offline().await;
    assert_eq!(since.elapsed().as_secs(), 120);
    assert_eq!(why, "the connection was lost: the server was silent for 90 seconds");
}

#[tokio::test(start_paused = true)]
async fn a_bye_says_whether_to_try_again() {
    for reason in CloseReason::ALL {
        let mut scene = scene(Retry::AfterFirst);
        let (mut peer, _) = scene.admit("e", 5).await;
        let code = reason.code();
        peer.send(&format!(r#"{{"bye":{{"code":"{code}","text":"why"}}}}"#)).await;
        drop(peer);
        if reason.is_worth_a_retry() {
            scene.offline().await;
            scene.admit("e", 5).await;
        } else {
            assert_eq!(scene.closed().await.to_string(), "why", "{code}");
            assert!(scene.say_after_the_end().await);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_connection_fails_at_once_unless_told_otherwise() {
    let mut scene = scene(Retry::AfterFirst);
    scene.dialled.close();
    let why = scene.closed().await.to_string();
    assert_eq!(why, "cannot reach h:1: connection refused; is `chaty serve` running there?");

    let mut scene = self::scene(Retry::Always);
    let (mut peer, _) = scene.accept().await;
    peer.send("\n{\"refused\":{\"re\":\"hello\",\"code\":\"nick_taken\",\"text\":\"taken\"}}")
        .await;
    assert_eq!(scene.offline().await.0, "taken; choose another name");
    scene.admit("e", 1).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_chaty_or_does_not_answer_is_told_apart() {
    for (greeting, expected) in [
        ("SSH-2.0-x", "what answers at h:1 is not a chaty server"),
        ("-- the server is full\n", "the server is full; try again later"),
        ("", "cannot reach h:1: no answer within 10 seconds; is `chaty serve` running there?"),
    ] {
        let mut scene = scene(Retry::Never);
        let mut stream = scene.dialled.recv().await.unwrap();
        stream.write_all(greeting.as_bytes()).await.unwrap();
        if !greeting.is_empty() {
            stream.shutdown().await.unwrap();
        }
        let since = Instant::now();
        assert_eq!(scene.closed().await.to_string(), expected);
        assert!(since.elapsed() <= Duration::from_secs(10));
    }
}

#[tokio::test(start_paused = true)]
async fn a_whisper_that_may_have_arrived_is_not_sent_again() {
    let mut scene = scene(Retry::AfterFirst);
    let (mut peer, _) = scene.admit("e", 0).await;
    let id = scene.handle.whisper("Trin", "psst").await.unwrap();
    assert!(matches!(peer.hear().await, ClientEvent::Whisper(_)));
    drop(peer);
    assert_eq!(text_of(&scene.server_event().await), format!("refused {id} unconfirmed"));
    scene.offline().await;
    let (mut peer, _) = scene.admit("e", 0).await;
    scene.say("next").await;
    assert_eq!(peer.said().await.1, "next");
}

/// The rename was done and not told before the connection broke.
#[tokio::test(start_paused = true)]
async fn an_own_line_under_a_name_that_only_the_resume_tells_of_is_told_by_its_ack_only() {
    let mut scene = scene(Retry::AfterFirst);
    let (mut peer, _) = scene.admit("e", 5).await;
    let id = scene.say("mine").await;
    peer.said().await;
    drop(peer);
    scene.offline().await;
    let (mut peer, _) = scene.admit("e", 7).await;
    peer.send(r##"{"rename":{"room":"#lobby","seq":6,"at":1,"from":"Neo","to":"One"}}"##).await;
    scene.server_event().await;
    peer.chat(7, "One", "mine").await;
    peer.ack(&id, 7, true).await;
    peer.chat(8, "One", "mine").await;
    assert_eq!(text_of(&scene.server_event().await), format!("ack {id}"));
    assert_eq!(text_of(&scene.server_event().await), "8 One: mine", "that is somebody else now");
    scene.assert_silent();
}

/// A rename that a resume shows is of the past: this connection has the name its welcome says.
#[tokio::test(start_paused = true)]
async fn a_replayed_rename_does_not_change_the_name() {
    let mut scene = scene(Retry::AfterFirst);
    let (peer, _) = scene.admit("e", 5).await;
    drop(peer);
    scene.offline().await;
    let rename = |seq| {
        format!(r##"{{"rename":{{"room":"#lobby","seq":{seq},"at":1,"from":"Neo","to":"One"}}}}"##)
    };
    let (mut peer, _) = scene.admit("e", 8).await;
    peer.send(&rename(6)).await;
    scene.server_event().await;
    drop(peer);
    scene.offline().await;
    let (mut peer, hello) = scene.admit("e", 9).await;
    assert_eq!(hello.nick, "Neo");
    peer.send(&rename(10)).await;
    scene.server_event().await;
    drop(peer);
    scene.offline().await;
    let (_, hello) = scene.accept().await;
    assert_eq!(hello.nick, "One");
}
