//! Tells other protocols' first bytes from an answer.

/// Whether the first bytes belong to HTTP, TLS or SSH: no answer would mean anything there.
pub(super) fn is_foreign(bytes: &[u8]) -> bool {
    const FOREIGN: [&[u8]; 11] = [
        b"\x16\x03",
        b"SSH-",
        b"GET ",
        b"HEAD ",
        b"POST ",
        b"PUT ",
        b"DELETE ",
        b"OPTIONS ",
        b"CONNECT ",
        b"PATCH ",
        b"PRI * HTTP",
    ];
    FOREIGN.iter().any(|start| bytes.starts_with(start))
}
