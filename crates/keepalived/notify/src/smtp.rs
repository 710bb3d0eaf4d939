//! Mail about transitions: plain SMTP, one connection a mail.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Zoned;
use keepalived_conf::model::Mail;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An answer line longer than this is not SMTP.
const LINE_MAX: usize = 4096;

/// What to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Subject without the router's name.
    pub subject: String,
    /// Text of the mail.
    pub body: String,
}

/// Where and as whom mail is sent.
#[derive(Clone, Debug)]
pub struct Mailer {
    mail: Mail,
    router_id: String,
    host: String,
}

impl Mailer {
    /// `None` if no mail can be sent: no server or nobody to tell.
    pub fn new(mail: &Mail, router_id: &str, host: &str) -> Option<Self> {
        let usable = mail.smtp_server.is_some() && !mail.notification_email.is_empty();
        usable.then(|| Self { mail: mail.clone(), router_id: router_id.to_owned(), host: host.to_owned() })
    }

    /// Sends one mail; the whole conversation may take the configured connect timeout for each step.
    pub async fn send(&self, alert: &Alert) -> io::Result<()> {
        let server = self.mail.smtp_server.as_deref().unwrap_or_default();
        let limit = Duration::from_micros(self.mail.smtp_connect_timeout_us);
        let stream = match server.parse::<IpAddr>() {
            Ok(address) => timeout(limit, TcpStream::connect((address, self.mail.smtp_port))).await,
            Err(_) => timeout(limit, TcpStream::connect((server, self.mail.smtp_port))).await,
        }??;
        let mut talk = Talk { stream: BufReader::new(stream), limit };
        talk.expect(220).await?;
        let helo = self.mail.smtp_helo_name.as_deref().unwrap_or(&self.host);
        talk.say(&format!("HELO {helo}\r\n"), 250).await?;
        talk.say(&format!("MAIL FROM:<{}>\r\n", address_of(&self.from())), 250).await?;
        for to in &self.mail.notification_email {
            talk.say(&format!("RCPT TO:<{}>\r\n", address_of(to)), 250).await?;
        }
        talk.say("DATA\r\n", 354).await?;
        talk.say(&self.message(alert, &Zoned::now()), 250).await?;
        talk.say("QUIT\r\n", 221).await
    }

    fn from(&self) -> String {
        self.mail.notification_email_from.clone().unwrap_or_else(|| format!("keepalived@{}", self.host))
    }

    fn message(&self, alert: &Alert, now: &Zoned) -> String {
        let body: Vec<String> = alert
            .body
            .lines()
            // RFC 5321 §4.5.2
            .map(|line| if line.starts_with('.') { format!(".{line}") } else { line.to_owned() })
            .collect();
        format!(
            "Date: {}\r\nFrom: {}\r\nSubject: [{}] {}\r\nX-Mailer: Keepalived\r\nTo: {}\r\n\r\n{}\r\n\r\n.\r\n",
            now.strftime("%a, %d %b %Y %H:%M:%S %z"),
            self.from(),
            self.router_id,
            alert.subject,
            self.mail.notification_email.join(",\r\n "),
            body.join("\r\n"),
        )
    }
}

struct Talk {
    stream: BufReader<TcpStream>,
    limit: Duration,
}

impl Talk {
    async fn say(&mut self, text: &str, code: u16) -> io::Result<()> {
        timeout(self.limit, self.stream.write_all(text.as_bytes())).await??;
        self.expect(code).await
    }

    /// Reads one answer, which may have several lines (`250-...`).
    async fn expect(&mut self, code: u16) -> io::Result<()> {
        loop {
            let mut line = Vec::new();
            timeout(self.limit, self.line(&mut line)).await??;
            let text = String::from_utf8_lossy(&line);
            let got: Option<u16> = text.get(..3).and_then(|digits| digits.parse().ok());
            if text.as_bytes().get(3) == Some(&b'-') && got.is_some() {
                continue;
            }
            if got == Some(code) {
                return Ok(());
            }
            return Err(io::Error::other(format!("expected {code}, the server said: {}", text.trim_end())));
        }
    }

    async fn line(&mut self, line: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let available = self.stream.fill_buf().await?;
            if available.is_empty() {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let take = end.map_or(available.len(), |end| end + 1);
            line.extend_from_slice(&available[..take]);
            self.stream.consume(take);
            if end.is_some() {
                return Ok(());
            }
            if line.len() > LINE_MAX {
                return Err(io::Error::other("answer line too long"));
            }
        }
    }
}

/// The bare address of `Name <user@host>`; control characters cannot smuggle in commands.
fn address_of(text: &str) -> String {
    let inner = text.rsplit_once('<').map_or(text, |(_, rest)| rest.split('>').next().unwrap_or(rest));
    inner.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail() {
        let mail = Mail {
            notification_email: vec!["Admin <a@x.org>".into(), "b@x.org".into()],
            notification_email_from: Some("lb@x.org".into()),
            smtp_server: Some("127.0.0.1".into()),
            ..Mail::default()
        };
        let mailer = Mailer::new(&mail, "LB1", "host").unwrap();
        let alert = Alert { subject: "VRRP Instance VI_1 - Entering MASTER state".into(), body: ".x".into() };
        let now = "2026-11-22T03:04:05+01:00[Europe/Paris]".parse().unwrap();
        assert_eq!(
            mailer.message(&alert, &now),
            "Date: Sun, 22 Nov 2026 03:04:05 +0100\r\nFrom: lb@x.org\r\nSubject: [LB1] VRRP Instance VI_1 - \
             Entering MASTER state\r\nX-Mailer: Keepalived\r\nTo: Admin <a@x.org>,\r\n b@x.org\r\n\r\n..x\r\n\r\n.\r\n"
        );
        assert_eq!(address_of("Admin <a@x.org>"), "a@x.org");
        assert_eq!(address_of("a@x.org\r\nDATA"), "a@x.orgDATA");
    }
}
