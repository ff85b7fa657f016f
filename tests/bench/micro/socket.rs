//! What the machine itself takes for a write, by its bytes: the measure of everything that is
//! delivered. A socket of loopback, read on another core.

use criterion::{BenchmarkId, Criterion, Throughput};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

/// Bytes of a write: a message, a turn of a calm room, and up to what a socket takes at once.
const WRITES: [usize; 6] = [64, 512, 4096, 16 * 1024, 64 * 1024, 256 * 1024];

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("socket");
    for bytes in WRITES {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut out = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut peer = listener.accept().unwrap().0;
        out.set_nodelay(true).unwrap();
        let reading = thread::spawn(move || {
            let mut buffer = vec![0; 1024 * 1024];
            while peer.read(&mut buffer).unwrap() > 0 {}
        });
        let message = vec![b'x'; bytes];
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::new("write", bytes), |bencher| {
            bencher.iter(|| out.write_all(&message).unwrap());
        });
        drop(out);
        reading.join().unwrap();
    }
}
