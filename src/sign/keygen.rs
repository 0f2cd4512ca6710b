//! `ssh-keygen` as a child process: it signs, and it verifies what cannot be verified natively.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::model::time::Time;

use super::{Refusal, SIGNATURE_CAP, check_own_with};

/// How long a verification may take; it is arithmetic and should take milliseconds.
const VERIFY_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes that are kept of what a verification says.
const TALK_CAP: u64 = 64 * 1024;

/// How long a child that was asked to stop may take to put the terminal's echo back.
const GRACE: Duration = Duration::from_secs(1);

/// What signing may need from the environment: the agent, the home with its configuration, and a way to ask for a
/// passphrase or a touch on the terminal or the desktop. Nothing else is handed on.
const KEPT: [&str; 20] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TERM",
    "LANG",
    "LC_ALL",
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE",
    "SSH_SK_PROVIDER",
    "SSH_SK_HELPER",
    "SSH_PKCS11_HELPER",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "SystemRoot",
    "USERPROFILE",
];

/// The user's `ssh-keygen`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshKeygen {
    program: PathBuf,
}

impl SshKeygen {
    /// Finds `ssh-keygen` on the search path.
    pub fn find() -> Option<SshKeygen> {
        SshKeygen::find_in(&std::env::var_os("PATH")?)
    }

    /// Finds `ssh-keygen` in the folders of a search path.
    ///
    /// Only absolute folders count: a relative one would name a file inside whatever repository is being audited.
    pub fn find_in(path: &OsStr) -> Option<SshKeygen> {
        std::env::split_paths(path)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(format!("ssh-keygen{}", std::env::consts::EXE_SUFFIX)))
            .find(|program| is_executable(program))
            .map(|program| SshKeygen { program })
    }

    /// Returns what the `ssh` beside it calls itself, e.g. `OpenSSH_9.2p1`; ssh-keygen has no such option.
    pub fn version(&self) -> Option<String> {
        let mut command = Command::new(self.program.with_file_name(format!("ssh{}", std::env::consts::EXE_SUFFIX)));
        command.arg("-V").env_clear().stderr(Stdio::piped());
        let outcome = run(command, &[], VERIFY_TIMEOUT, TALK_CAP).ok()?;
        let text = String::from_utf8(outcome.stderr).ok()?;
        let word = text.split([' ', ',', '\n']).next()?.trim();
        word.starts_with("OpenSSH").then(|| word.to_owned())
    }

    /// Signs `message` and returns the signature file's bytes, checked by our own verifier.
    ///
    /// `key` is a private key, or a public one whose private half the agent holds. ssh-keygen may ask for a passphrase or
    /// a touch, so the terminal must be its own meanwhile; its words go to standard error.
    ///
    /// # Errors
    ///
    /// Returns an error with hints when the key cannot be used, nobody answers in time, or the result does not verify.
    pub fn sign(&self, message: &[u8], key: &Path, namespace: &str, timeout: Duration) -> Result<Vec<u8>> {
        check_key(key)?;
        let mut command = Command::new(&self.program);
        // From standard input to standard output: given a FILE whose .sig exists, ssh-keygen asks whether to overwrite
        // it, and without a terminal takes silence for no, writes nothing and exits with 0.
        command.args(["-Y", "sign", "-n", namespace, "-f"]).arg(key).env_clear().stderr(Stdio::inherit());
        command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        let outcome = run(command, message, timeout, SIGNATURE_CAP).map_err(|error| match error {
            RunError::TimedOut => Error::could_not(format!(
                "ssh-keygen did not sign within {} seconds and was stopped.",
                timeout.as_secs()
            ))
            .hint("Answer its question for the passphrase, or touch the security key when it blinks, and try again."),
            RunError::TooMuch => Error::could_not("ssh-keygen wrote more than a signature; nothing was kept."),
            RunError::Io(error) => Error::could_not(format!("Could not run {}: {error}.", self.program.display())),
        })?;
        if !outcome.status.success() {
            return Err(diagnose(key, &outcome));
        }
        if outcome.stdout.is_empty() {
            return Err(Error::could_not("ssh-keygen ended well but wrote no signature.")
                .hint("OpenSSH 8.1 or newer is needed to sign."));
        }
        check_own_with(message, &outcome.stdout, namespace, Some(self)).map_err(|refusal| {
            Error::could_not(format!("What ssh-keygen wrote was not kept, since it does not verify. {refusal}"))
        })?;
        Ok(outcome.stdout)
    }

    /// Verifies against one line of allowed signers, and as of `at` where a certificate's own validity matters.
    pub(super) fn verify(
        &self,
        message: &[u8],
        armor: &[u8],
        namespace: &str,
        login: &str,
        line: &str,
        at: Option<Time>,
    ) -> Result<(), Refusal> {
        let folder = private_folder(&[("signature", armor), ("signers", line.as_bytes())])?;
        let mut command = self.quiet(&["-Y", "verify", "-I", login, "-n", namespace]);
        command.arg("-f").arg(folder.path().join("signers")).arg("-s").arg(folder.path().join("signature"));
        if let Some(at) = at {
            command.arg("-O").arg(format!("verify-time={}", at.compact()));
        }
        judge(run(command, message, VERIFY_TIMEOUT, TALK_CAP), &format!("Good \"{namespace}\" signature for {login} "))
    }

    /// Checks that a signature fits by the key inside it. It calls any key good, so it proves nothing about a signer.
    pub(super) fn check_novalidate(&self, message: &[u8], armor: &[u8], namespace: &str) -> Result<(), Refusal> {
        let folder = private_folder(&[("signature", armor)])?;
        let mut command = self.quiet(&["-Y", "check-novalidate", "-n", namespace]);
        command.arg("-s").arg(folder.path().join("signature"));
        judge(run(command, message, VERIFY_TIMEOUT, TALK_CAP), &format!("Good \"{namespace}\" signature with "))
    }

    fn quiet(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        // English, since its words are read.
        command.args(words).env_clear().env("LC_ALL", "C").stderr(Stdio::piped());
        command
    }
}

/// Returns a folder that only this user can read, with these files in it.
fn private_folder(files: &[(&str, &[u8])]) -> Result<tempfile::TempDir, Refusal> {
    let failed = |error: io::Error| Refusal::Failed(format!("a temporary file could not be written ({error})"));
    let folder = tempfile::Builder::new().prefix("touchstone-").tempdir().map_err(failed)?;
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).map_err(failed)?;
    }
    Ok(folder)
}

/// Turns a verification's end into an answer; only the expected words count as good.
fn judge(outcome: Result<Outcome, RunError>, good: &str) -> Result<(), Refusal> {
    let outcome = outcome.map_err(|error| {
        Refusal::Failed(match error {
            RunError::TimedOut => format!("ssh-keygen did not answer within {} seconds", VERIFY_TIMEOUT.as_secs()),
            RunError::TooMuch => "ssh-keygen said far more than it should".into(),
            RunError::Io(error) => format!("ssh-keygen could not be run ({error})"),
        })
    })?;
    let said = String::from_utf8_lossy(&outcome.stdout);
    if outcome.status.success() && said.starts_with(good) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&outcome.stderr);
    let line_with = |words: &str| said.lines().find(|line| line.contains(words)).map(str::trim);
    if line_with("Signature verification failed").is_some() {
        Err(Refusal::Mismatch)
    } else if let Some(line) = line_with("certificate not authorized") {
        let (_, why) = line.split_once("certificate not authorized").unwrap_or(("", line));
        Err(Refusal::CertificateRefused(why.trim_start_matches(':').trim().trim_end_matches('.').to_owned()))
    } else {
        let line = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it gave no reason");
        Err(Refusal::Failed(format!("ssh-keygen did not accept it and said: {}", line.trim_end_matches('.'))))
    }
}

/// Checks before anything is asked that the key is a file that can be read.
fn check_key(key: &Path) -> Result<()> {
    let hint = "Pass the path of your private key, or of the .pub file whose private half your agent holds.";
    match fs::metadata(key) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Error::could_not(format!("The key {} does not exist.", key.display())).hint(hint))
        }
        Err(error) => Err(Error::io("read the key", key, &error).hint(hint)),
        Ok(metadata) if !metadata.is_file() => {
            Err(Error::could_not(format!("The key {} is not a file.", key.display())).hint(hint))
        }
        Ok(_) => File::open(key).map(drop).map_err(|error| Error::io("read the key", key, &error).hint(hint)),
    }
}

/// Says why a key may have failed. ssh-keygen's own words went to the terminal, so this looks at the key instead.
fn diagnose(key: &Path, outcome: &Outcome) -> Error {
    const KEY_CAP: u64 = 64 * 1024;
    let name = key.display();
    let mut bytes = Vec::new();
    // Whatever cannot be read ends in the last, general sentence.
    let _ = File::open(key).and_then(|file| file.take(KEY_CAP).read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    if too_open(key) && text.contains("PRIVATE KEY") {
        return Error::could_not(format!("ssh-keygen did not sign: others on this machine may read {name}."))
            .hint(format!("Run `chmod 600 {name}` and try again."));
    }
    match ssh_key::PrivateKey::from_openssh(text.as_bytes()) {
        Ok(private) if private.is_encrypted() => {
            return Error::could_not(format!(
                "ssh-keygen did not sign: the passphrase of {name} was not given or is wrong."
            ))
            .hint("Try again, or load the key into your agent with `ssh-add` and pass its .pub file.");
        }
        Ok(private)
            if matches!(
                private.algorithm(),
                ssh_key::Algorithm::SkEd25519 | ssh_key::Algorithm::SkEcdsaSha2NistP256
            ) =>
        {
            return Error::could_not(format!("ssh-keygen did not sign with the security key of {name}."))
                .hint("Plug the security key in, and touch it when it blinks.");
        }
        _ => {}
    }
    if ssh_key::PublicKey::from_openssh(&text).is_ok() {
        return Error::could_not(format!("ssh-keygen did not sign: no private half of {name} was found."))
            .hint("Load it into your agent with `ssh-add`, or pass the path of the private key.");
    }
    let how = outcome.status.code().map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    Error::could_not(format!("ssh-keygen did not sign with {name} ({how}); its own words stand above."))
        .hint("Check that the file is an SSH key: `ssh-keygen -l -f KEY` prints its fingerprint.")
}

#[cfg(unix)]
fn too_open(key: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(key).is_ok_and(|metadata| metadata.mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn too_open(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn is_executable(program: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(program).is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(program: &Path) -> bool {
    program.is_file()
}

struct Outcome {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

enum RunError {
    Io(io::Error),
    TimedOut,
    TooMuch,
}

impl From<io::Error> for RunError {
    fn from(error: io::Error) -> Self {
        RunError::Io(error)
    }
}

/// Runs a child on `input` for at most `timeout`, keeping at most `cap` bytes of each thing it says.
fn run(mut command: Command, input: &[u8], timeout: Duration, cap: u64) -> Result<Outcome, RunError> {
    // A file cannot fill up as a pipe can, so nobody has to write while somebody else reads.
    let mut stdin = tempfile::tempfile()?;
    stdin.write_all(input)?;
    stdin.rewind()?;
    let deadline = Instant::now() + timeout;
    let mut child = command.stdin(stdin).stdout(Stdio::piped()).spawn()?;
    let stdout = collect(child.stdout.take(), cap);
    let stderr = collect(child.stderr.take(), cap);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= deadline {
            stop(&mut child);
            return Err(RunError::TimedOut);
        }
        thread::sleep(Duration::from_millis(5));
    };
    // A helper that outlives its parent may keep the pipes open; nothing waits for it past the deadline.
    let left = deadline.saturating_duration_since(Instant::now()).max(GRACE);
    let stdout = stdout.recv_timeout(left).map_err(|_| RunError::TimedOut)?;
    let stderr = stderr.recv_timeout(left).map_err(|_| RunError::TimedOut)?;
    if stdout.len() as u64 > cap || stderr.len() as u64 > cap {
        return Err(RunError::TooMuch);
    }
    Ok(Outcome { status, stdout, stderr })
}

/// Reads one byte more than `cap` at most, on a thread of its own; a reader that stops there ends a child that goes on.
fn collect(pipe: Option<impl Read + Send + 'static>, cap: u64) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before a failure is judged like any other answer.
            let _ = pipe.take(cap.saturating_add(1)).read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

/// Stops a child, kindly first: ssh-keygen turns the terminal's echo back on when it is terminated, not when it is killed.
fn stop(child: &mut Child) {
    #[cfg(unix)]
    {
        let asked =
            rustix::process::kill_process(rustix::process::Pid::from_child(child), rustix::process::Signal::TERM);
        let deadline = Instant::now() + GRACE;
        while asked.is_ok() && Instant::now() < deadline {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
    // It may have ended on its own in between.
    let _ = child.kill();
    let _ = child.wait();
}
