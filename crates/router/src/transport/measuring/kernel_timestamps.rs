//! Socket reads with the kernel's receive time; Linux only, elsewhere without the time.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;

#[cfg(target_os = "linux")]
pub(crate) use self::linux::TimestampReader;
#[cfg(not(target_os = "linux"))]
pub(crate) use self::other::PlainReader as TimestampReader;

/// The result of a read: the number of bytes, and the kernel's wall time of the last segment among them.
pub(crate) type Read = (usize, Option<Duration>);

#[cfg(target_os = "linux")]
mod linux {
    use std::io::IoSliceMut;
    use std::os::fd::AsRawFd;

    use nix::sys::socket::{ControlMessageOwned, MsgFlags, TimestampingFlag, recvmsg, setsockopt, sockopt};
    use nix::sys::time::TimeSpec;

    use super::{Duration, Read, TcpStream, io};

    /// Reads with `recvmsg(2)`, which returns the timestamps of `SO_TIMESTAMPING`.
    #[derive(Debug)]
    pub(crate) struct TimestampReader {
        control: Vec<u8>,
    }

    impl TimestampReader {
        /// Enables kernel timestamps; reads work without them where they are not supported.
        pub(crate) fn new(stream: &TcpStream) -> Self {
            let flags = TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE | TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE;
            let _ = setsockopt(stream, sockopt::Timestamping, &flags);
            // Three times: one by software, and two for hardware (`socket.h`, `scm_timestamping`).
            Self { control: nix::cmsg_space!([TimeSpec; 3]) }
        }

        pub(crate) fn read(&mut self, stream: &TcpStream, into: &mut [u8]) -> io::Result<Read> {
            let mut buffers = [IoSliceMut::new(into)];
            let got = recvmsg::<()>(stream.as_raw_fd(), &mut buffers, Some(&mut self.control), MsgFlags::empty())?;
            let stamp = got.cmsgs()?.find_map(|message| match message {
                ControlMessageOwned::ScmTimestampsns(stamps) => Some(Duration::from(stamps.system)),
                _ => None,
            });
            Ok((got.bytes, stamp.filter(|stamp| !stamp.is_zero())))
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use super::{Read, TcpStream, io};

    /// Reads without stamps.
    #[derive(Debug)]
    pub(crate) struct PlainReader;

    impl PlainReader {
        pub(crate) fn new(_stream: &TcpStream) -> Self {
            Self
        }

        pub(crate) fn read(&mut self, stream: &TcpStream, into: &mut [u8]) -> io::Result<Read> {
            Ok((stream.try_read(into)?, None))
        }
    }
}
