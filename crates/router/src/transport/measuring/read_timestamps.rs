//! A TCP stream that records the times of writes and reads, below TLS and HTTP; one read at a time.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use super::clock::ClockOrigin;
use super::kernel_timestamps::TimestampReader;

/// The size of one read.
const READ: usize = 16 << 10;

/// The state shared by the stream and the code above HTTP.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadTimestamps(Arc<Mutex<ReadLog>>);

#[derive(Debug, Default)]
struct ReadLog {
    /// `true` if reads wait for permission; `false` until there is a connection.
    held: bool,
    /// `true` if the next read is permitted. The code above HTTP sets this after consuming everything that
    /// the previous read returned, so that the read's timestamp belongs to that data.
    open: bool,
    /// The number of reads that returned data.
    reads: u64,
    last: LastRead,
    sent: Option<Duration>,
}

/// The time of the last read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LastRead {
    /// The kernel's wall time of the data.
    pub stamp: Option<Duration>,
    /// Our own time of the read.
    pub read: Duration,
}

impl ReadTimestamps {
    fn notes(&self) -> MutexGuard<'_, ReadLog> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, reads wait for [`open`](Self::open).
    pub(crate) fn hold(&self) {
        self.notes().held = true;
    }

    /// Permits one read; returns the number of reads so far.
    pub(crate) fn open(&self) -> u64 {
        let mut notes = self.notes();
        notes.open = true;
        notes.reads
    }

    /// The number of reads that returned data.
    pub(crate) fn reads(&self) -> u64 {
        self.notes().reads
    }

    /// The last read.
    pub(crate) fn last(&self) -> LastRead {
        self.notes().last
    }

    /// Records the next write as the first.
    pub(crate) fn arm(&self) {
        self.notes().sent = None;
    }

    /// The time of the first byte written since [`arm`](Self::arm).
    pub(crate) fn sent(&self) -> Option<Duration> {
        self.notes().sent
    }
}

/// The stream.
#[derive(Debug)]
pub(crate) struct TimestampedStream {
    stream: TcpStream,
    origin: ClockOrigin,
    stamper: TimestampReader,
    /// A buffer that the kernel fills, copied from: clearing the caller's buffer would cost more.
    buffer: Box<[u8]>,
    tap: ReadTimestamps,
}

impl TimestampedStream {
    pub(crate) fn new(stream: TcpStream, origin: ClockOrigin) -> (Self, ReadTimestamps) {
        let tap = ReadTimestamps::default();
        let stamper = TimestampReader::new(&stream);
        (Self { stream, origin, stamper, buffer: vec![0; READ].into(), tap: tap.clone() }, tap)
    }

    /// Waits until there is something to read, and reads it.
    fn poll_receive(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<io::Result<(usize, Option<Duration>)>> {
        let room = room.min(self.buffer.len());
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            let mut got = None;
            let read = self.stream.try_io(Interest::READABLE, || {
                let (count, stamp) = self.stamper.read(&self.stream, &mut self.buffer[..room])?;
                got = Some((count, stamp));
                // A short read: there is no more data, which saves another read to find out.
                if (1..room).contains(&count) { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match (got, read) {
                (Some(got), _) => return Poll::Ready(Ok(got)),
                (None, Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                (None, Err(error)) => return Poll::Ready(Err(error)),
                (None, Ok(())) => return Poll::Ready(Ok((0, None))),
            }
        }
    }

    fn note_write(&self, before: Duration, written: &Poll<io::Result<usize>>) {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.tap.notes().sent.get_or_insert(before);
        }
    }
}

impl AsyncRead for TimestampedStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // The opener polls again.
        let closed = {
            let notes = this.tap.notes();
            notes.held && !notes.open
        };
        if closed {
            return Poll::Pending;
        }
        let (count, stamp) = ready!(this.poll_receive(cx, into.remaining()))?;
        let read = this.origin.now();
        into.put_slice(&this.buffer[..count]);
        let mut notes = this.tap.notes();
        notes.open = false;
        notes.reads += 1;
        notes.last = LastRead { stamp, read };
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TimestampedStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let before = this.origin.now();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.note_write(before, &written);
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let before = this.origin.now();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.note_write(before, &written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
