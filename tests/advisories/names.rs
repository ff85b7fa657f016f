//! Names that read like another's.

use crate::support::Server;

/// The answer to a name at the door.
#[track_caller]
fn is_let_in(server: &Server, name: &str) -> bool {
    let mut wire = server.connect();
    wire.expects("NICK").sends(format!("{name}\n")).expects("\n");
    match wire.line().as_deref() {
        Some(b"NICK_OK") => true,
        Some(b"NICK_INVALID") => false,
        other => panic!("{name}: {other:?}"),
    }
}

/// Ergo: another alphabet's letters made a second name that looked like the first.
#[test]
fn ergo_178_a_name_that_only_looks_different_to_a_computer_is_refused() {
    let server = Server::start();
    let _members = ["evan", "Coca", "Zoë"].map(|name| server.line(name));
    for name in
        ["еvan", "ｅｖａｎ", "EVAN", "ev\u{200b}an", "evan\u{fe0f}", "Соса", "СОСА", "Zoe\u{308}"]
    {
        assert!(!is_let_in(&server, name), "{name}");
    }
    assert!(is_let_in(&server, "ivan"));
}

/// Ergo: the names of its own services were kept free, and what reads like them was not.
#[test]
fn ergo_519_what_reads_like_the_servers_own_names_is_refused_as_well() {
    let server = Server::start();
    for name in [
        "Server",
        "SERVER",
        "Sеrver",
        "Ѕеrvеr",
        "Conso1e",
        "ConsoIe",
        "C0nsole",
        "Сhaty",
        "chatγ",
        "Systern",
        "KlCK",
        "K1CK",
        "КІСК",
        "ΚΙCK",
        "N1CK_OK",
        "nick_inva1id",
    ] {
        assert!(!is_let_in(&server, name), "{name}");
    }
}

/// Ergo: plain names were spared the comparison, so that the letters `rn` and a foreign `m` met no `m`.
#[test]
fn ergo_564_plain_names_are_compared_like_any_other() {
    let server = Server::start();
    let _emily = server.line("emily");
    for name in ["ernily", "еmily", "em1ly", "emiIy", "EMILY", "emi|y", "ERNILY"] {
        assert!(!is_let_in(&server, name), "{name}");
    }
    assert!(is_let_in(&server, "emil"));
}
