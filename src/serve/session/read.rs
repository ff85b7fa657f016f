//! Reading without a buffer per connection: bytes go through one scratch buffer a thread, and a
//! session keeps only what it has not finished with.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::timeout;

/// Bytes of one read, and so of one step into the hub's inbox: several hundred messages, and few
/// enough that 128 such steps in the inbox are 4 MiB.
pub(in crate::serve) const SCRATCH: usize = 32 * 1024;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH].into());
}

/// Waits for bytes, at most so many, and hands them to `take`, which must not wait. `None` at the
/// end of input.
pub(super) async fn read<R, T>(
    reader: &mut R,
    most: usize,
    mut take: impl FnMut(&[u8]) -> T,
) -> io::Result<Option<T>>
where
    R: AsyncRead + Unpin,
{
    poll_fn(|cx| {
        BUFFER.with_borrow_mut(|buffer| {
            let most = most.min(buffer.len());
            let mut buffer = ReadBuf::new(buffer.get_mut(..most).unwrap_or_default());
            ready!(Pin::new(&mut *reader).poll_read(cx, &mut buffer))?;
            let bytes = buffer.filled();
            Poll::Ready(Ok((!bytes.is_empty()).then(|| take(bytes))))
        })
    })
    .await
}

/// How long a peer that was told goodbye may take to close its side.
const LINGER: Duration = Duration::from_secs(1);

/// Reads what a peer still sends until it closes. Closing a socket with unread bytes resets it,
/// and the peer would lose the last words it was sent.
pub(super) async fn linger<R: AsyncRead + Unpin>(reader: &mut R) {
    let rest = async { while let Ok(Some(())) = read(reader, SCRATCH, |_| ()).await {} };
    let _closed_or_late = timeout(LINGER, rest).await;
}
