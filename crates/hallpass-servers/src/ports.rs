//! Free ports on the loopback address, and talking to them.

use crate::folder::random;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

/// Below those that systems give to the near end of a connection. Otherwise, while a server is down, somebody's
/// connection could take its port, and a client that tries to reach it could meet itself.
const FIRST: usize = 20_000;
const COUNT: usize = 12_000;

/// Different ports that nobody listens on, and that this program has not given out before.
pub(crate) fn free<const N: usize>() -> io::Result<[u16; N]> {
    let mut ports = [0; N];
    for port in &mut ports {
        *port = free_one()?;
    }
    Ok(ports)
}

fn free_one() -> io::Result<u16> {
    static START: OnceLock<usize> = OnceLock::new();
    static GIVEN: AtomicUsize = AtomicUsize::new(0);
    // Programs that run at the same time start at different ports.
    let seed = u16::from_ne_bytes(random()?);
    let start = *START.get_or_init(|| seed.into());
    for _ in 0..COUNT {
        let offset = start.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + offset).map_err(io::Error::other)?;
        if TcpListener::bind(address(port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Sends a text and returns the first bytes of the answer.
pub(crate) fn ask(port: u16, text: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address(port).into(), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(text.as_bytes())?;
    let mut bytes = [0; 4096];
    let length = stream.read(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

fn address(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn ports_are_free_and_all_different() {
        let mut ports = [free::<4>().unwrap(), free::<4>().unwrap()].concat();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 8);
        assert!(ask(ports[0], "").is_err());
    }

    #[test]
    fn an_answer_is_read() {
        let listener = TcpListener::bind(address(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut question = [0; 4];
            stream.read_exact(&mut question).unwrap();
            stream.write_all(&question).unwrap();
        });
        assert_eq!(ask(port, "ping").unwrap(), "ping");
        server.join().unwrap();
    }
}
