//! What is measured with: members, texts and entries, the same in every run.

use chaty::room::Post;
use chaty::wire::Dialect;
use chaty::wire::entry::{Chat, Entry, Event, Kind, Millis, Ordinal, Seq, SessionId};
use chaty::wire::nick::Nick;
use chaty::wire::text::Text;

/// Bytes of a message: a word, the load generators' usual size, a long line, the longest there is.
pub(crate) const SIZES: [usize; 4] = [16, 64, 512, 4096];
/// Messages of a turn: one, a busy room, a publisher's whole read.
pub(crate) const BATCHES: [usize; 3] = [1, 64, 512];
/// The size where another thing is what grows.
pub(crate) const SIZE: usize = 64;

const WORDS: [&str; 8] =
    ["deploy ", "friday ", "server ", "coffee ", "please ", "review ", "branch ", "lunch "];

/// Names that no other reads like: letters only, and no `i`, `l`, `m`, `n`, `o`, `r`, `w`, `v`.
pub(crate) fn nick(number: usize) -> Nick {
    const LETTERS: [char; 10] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k'];
    let digits = format!("{number:05}");
    let letters = digits.bytes().map(|digit| LETTERS[usize::from(digit - b'0')]);
    Nick::parse(format!("x{}", letters.collect::<String>()).as_bytes()).unwrap()
}

/// Plain ASCII of so many bytes.
pub(crate) fn text(bytes: usize) -> String {
    WORDS.iter().copied().cycle().flat_map(str::chars).take(bytes - 1).chain(['.']).collect()
}

pub(crate) fn post(bytes: usize) -> Post {
    Post::plain(Text::clean(text(bytes).as_bytes()).unwrap())
}

/// A message as a client of the dialect sends it.
pub(crate) fn sent(dialect: Dialect, number: usize, bytes: usize) -> Vec<u8> {
    let text = text(bytes);
    let line = match dialect {
        Dialect::Native => format!(r#"{{"say":{{"text":"{text}","id":"{number:08x}"}}}}"#),
        Dialect::Line | Dialect::Raw => text,
    };
    (line + "\n").into_bytes()
}

/// What a session said at a place.
pub(crate) fn entry(seq: u64, author: u64, bytes: usize) -> Entry {
    let chat = Chat {
        from: nick(usize::try_from(author).unwrap()),
        kind: Kind::User,
        emote: false,
        text: Text::clean(text(bytes).as_bytes()).unwrap(),
        cause: None,
        hops: 0,
        id: None,
        owner: None,
    };
    Entry {
        seq: Seq(seq),
        ordinal: Ordinal(seq),
        at: Millis(1_700_000_000_000 + seq),
        author: SessionId(author),
        event: Event::Chat(chat),
    }
}
