use std::net::Ipv4Addr;
use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{self, Runtime};

/// Another web site, which has one page. Dropping it ends it.
pub(crate) struct Site {
    _runtime: Runtime,
    port: u16,
}

impl Site {
    /// Serves this page at every path of a port of its own.
    pub(crate) fn serve(page: String) -> Self {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, page.clone()));
            }
        });
        Self { _runtime: runtime, port }
    }

    /// Its address by this name of the machine.
    pub(crate) fn url(&self, host: &str) -> String {
        format!("http://{host}:{}/", self.port)
    }
}

/// Browsers also open connections on which they ask nothing.
async fn answer(mut stream: TcpStream, page: String) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let length = page.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all((head + &page).as_bytes()).await?;
    stream.shutdown().await
}
