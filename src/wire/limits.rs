//! The sizes the protocol itself fixes, each with the reason for its number.

/// Bytes of a line, or of a native message's text. NATS' control line is as long.
pub const LINE: usize = 4096;
/// Bytes without a newline after which the peer is closed. Four lines: room for a refused long
/// one and for JSON around a full text, and irctest's read-queue test sends as much.
pub const UNFRAMED: usize = 16 * 1024;
/// Characters of a name, as ergo allows.
pub const NICK_CHARS: usize = 32;
/// Characters of a room's name, the `#` included.
pub const ROOM_CHARS: usize = 33;
/// Bytes of a topic: a line of a wide terminal, and a line in a list of rooms.
pub const TOPIC: usize = 256;
/// Rooms one member may be in at once: as many tabs as anybody looks at, and few enough that its
/// writer can look into each of their logs whenever one moves.
pub const ROOMS_OF_ONE: usize = 32;
/// Bytes of a raw message: what the ancestor's `recv(1024)` takes at once.
pub const RAW_MESSAGE: usize = 1024;
/// Bytes taken before the handshake is over, as IRC's line limit.
pub const HANDSHAKE: usize = 512;
/// Bytes of a client's own message id: a UUID with room to spare.
pub const MESSAGE_ID: usize = 64;
/// Hops after which bots hear a bot's message no more.
pub const HOPS: u8 = 3;
/// Entries one `history` request may ask for: a screenful several times over, and small enough
/// that answering it never holds the connection for long.
pub const HISTORY: usize = 100;

#[cfg(test)]
mod tests {
    use super::{LINE, UNFRAMED};

    #[test]
    fn a_refused_long_line_and_json_around_a_full_text_have_room() {
        assert_eq!(UNFRAMED, 4 * LINE);
    }
}
