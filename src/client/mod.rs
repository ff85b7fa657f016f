//! One connection to a server in the native dialect: handshake, acks, reconnect, resume. Speaks
//! to its user through a handle and a stream of events; knows no terminal.
