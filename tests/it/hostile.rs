//! A repository that wants to exhaust, to mislead or to run something, in the real program on a real terminal: what
//! reaches the terminal, what is started, how much memory it takes, and what the screen says of what was cut.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use git2::{ObjectType, Oid};
use portable_pty::CommandBuilder;
use touchstone::error::Kind;
use touchstone::model::evidence::Query;
use touchstone::repo::Content;
use touchstone::repo::trojan::Technique;

use crate::escapes;
use crate::pseudo::Pty;
use crate::repo_fixture::{FILE, FOLDER, Fixture, Item, overwrite, own};
use crate::support::{Desk, skipped, succeeds};
use crate::workshop::Workshop;

/// The most memory that the program may take for any repository here, in KiB: 512 MiB.
const MEMORY: u64 = 512 << 10;

fn command(desk: &Desk, args: &[&str], path: Option<&Path>) -> CommandBuilder {
    let mut command = CommandBuilder::new(assert_cmd::cargo::cargo_bin!("touchstone"));
    command.env_clear();
    for (name, value) in desk.environment() {
        command.env(name, value);
    }
    if let Some(path) = path {
        command.env("PATH", path);
    }
    command.cwd(desk.clone_dir());
    command.args(args);
    command
}

/// A desk whose clone has this tree at its newest commit, and a light audit of it.
fn desk(tree: impl FnOnce(&Fixture) -> Oid) -> Desk {
    let desk = Desk::new();
    let commit = desk.git.commit(tree(&desk.git), &[desk.commit], 1_765_000_001);
    desk.git.main(commit);
    let standard = desk.light_file();
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio", "--standard", &standard]);
    desk
}

#[track_caller]
fn open(desk: &Desk) -> Pty {
    let pty = Pty::run(command(desk, &["open"], None), 120, 40);
    pty.sees(" saved ");
    pty
}

/// Opens a file by some letters of its path; `shows` is seen then.
#[track_caller]
fn opens(pty: &mut Pty, letters: &str, shows: &str) {
    pty.types("f");
    pty.sees("Find a file");
    pty.types(letters);
    pty.sees(&format!("> {letters}"));
    pty.types("\r");
    pty.sees_no("Find a file");
    pty.sees(shows);
}

/// Ends the workbench, and checks what it sent and how much memory it took at most.
#[track_caller]
fn ends_within_its_budget(mut pty: Pty) -> String {
    let peak = peak(&pty);
    pty.types("\x03");
    assert_eq!(pty.ends().exit_code(), 0);
    pty.has_its_mode_again();
    let sent = escapes::read(&pty.shown.lock().raw).unwrap();
    match peak {
        Some(peak) => {
            println!("{peak} KiB at most");
            assert!(peak < MEMORY, "{peak} KiB at most; {MEMORY} are allowed");
        }
        None => skipped("the peak of a process's memory is known on Linux only"),
    }
    sent.text
}

/// The most memory that the program had so far, in KiB.
fn peak(pty: &Pty) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pty.pid.as_raw_nonzero())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[test]
fn a_tree_of_twenty_thousand_levels_is_cut_and_the_screen_says_so() {
    let desk = desk(|git| {
        let blob = git.blob("# deep\n");
        let mut tree = git.raw_tree(&[(b"a", FILE, blob)]);
        for _ in 0..20_000 {
            tree = git.raw_tree(&[(b"d", FOLDER, tree)]);
        }
        git.raw_tree(&[(b"README.md", FILE, blob), (b"d", FOLDER, tree)])
    });
    let mut pty = open(&desk);
    pty.sees("of more than 512 parts are cut");
    pty.sees("# deep");
    pty.types("t");
    pty.sees("1 Files");
    ends_within_its_budget(pty);
}

#[test]
fn a_bomb_of_ten_billion_paths_is_cut_and_the_screen_says_so() {
    let desk = desk(|git| {
        let blob = git.blob("x\n");
        let mut bomb = git.raw_tree(&[(b"a", FILE, blob)]);
        let names: Vec<Vec<u8>> = (0..10).map(|at| format!("d{at}").into_bytes()).collect();
        for _ in 0..10 {
            let items: Vec<Item<'_>> = names.iter().map(|name| (&name[..], FOLDER, bomb)).collect();
            bomb = git.raw_tree(&items);
        }
        git.raw_tree(&[(b"README.md", FILE, git.blob("# bomb\n")), (b"d", FOLDER, bomb)])
    });
    let pty = open(&desk);
    pty.sees("more than 1000000 entries; the rest is cut");
    ends_within_its_budget(pty);
}

#[test]
fn two_hundred_thousand_files_fit() {
    let desk = desk(|git| {
        let blob = git.blob("const one = 1;\n");
        let folders: Vec<(Vec<u8>, Oid)> = (0..200)
            .map(|folder| {
                let names: Vec<Vec<u8>> = (0..1000).map(|at| format!("f{at:04}.ts").into_bytes()).collect();
                let items: Vec<Item<'_>> = names.iter().map(|name| (&name[..], FILE, blob)).collect();
                // Another first file makes each folder another object.
                let own = git.blob(format!("{folder}"));
                let items = [&[(&b"_own"[..], FILE, own)][..], &items].concat();
                (format!("d{folder:03}").into_bytes(), git.raw_tree(&items))
            })
            .collect();
        let items: Vec<Item<'_>> = folders.iter().map(|(name, id)| (&name[..], FOLDER, *id)).collect();
        git.raw_tree(&[&[(&b"README.md"[..], FILE, git.blob("# many\n"))][..], &items].concat())
    });
    let mut pty = open(&desk);
    pty.sees("# many");
    opens(&mut pty, "d199/f0999.ts", "const one = 1;");
    pty.types("gs");
    pty.sees("0 places; 200201 files looked through");
    ends_within_its_budget(pty);
}

/// Writes a loose object by hand: its header says what it likes.
fn loose(git: &Fixture, id: &str, header: &str, content: &[u8]) -> Oid {
    let bytes = [header.as_bytes(), b"\0", content].concat();
    let mut zlib = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap();
        zlib.push(u8::from(blocks.peek().is_none()));
        zlib.extend(length.to_le_bytes());
        zlib.extend((!length).to_le_bytes());
        zlib.extend(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in &bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    zlib.extend((b << 16 | a).to_be_bytes());
    let id = Oid::from_str(id).unwrap();
    git.write(&format!("objects/{}/{}", &id.to_string()[..2], &id.to_string()[2..]), zlib);
    id
}

const TWO_GIB: u64 = 2 << 30;

#[test]
fn a_blob_of_two_gigabytes_is_listed_and_never_loaded() {
    let desk = desk(|git| {
        let giant = loose(git, &"12".repeat(20), &format!("blob {TWO_GIB}"), b"short");
        let line = git.blob([&b"// one line "[..], &vec![b'x'; 5 << 20]].concat());
        git.tree(&[
            (b"giant.bin", FILE, giant),
            (b"line.js", FILE, line),
            (b"odd-line.js", FILE, git.blob(format!("x\u{202e}{}", "é\u{200b}".repeat(1 << 20)))),
            (b"README.md", FILE, git.blob("# large\n")),
        ])
    });
    let mut pty = open(&desk);
    opens(&mut pty, "giant.bin", "Too large to be shown: 2048 MiB");
    opens(&mut pty, "line.js", "// one line xxx");
    pty.sees("long line, not coloured");
    pty.types("2");
    pty.types("\x1b[C".repeat(20));
    opens(&mut pty, "odd-line", "x\\u{202e}é\\u{200b}");
    pty.types("gs");
    pty.sees("1 place; 3 files looked through");
    pty.sees("Not looked into: files that are too large, 1 in all.");
    ends_within_its_budget(pty);
}

#[test]
fn an_object_that_is_not_what_its_header_says_is_refused() {
    let f = Fixture::new();
    for (at, (header, content)) in [
        ("blob 4", &b"much more than four"[..]),
        ("blob 400", b"less"),
        ("blob -1", b"x"),
        ("blob 99999999999999999999", b"x"),
        ("tree 1", b"x"),
        ("what 1", b"x"),
        ("", b""),
        ("blob 5242881", &vec![0; 1000]),
    ]
    .into_iter()
    .enumerate()
    {
        let id = loose(&f, &format!("{at:02}").repeat(20), header, content);
        let commit = f.commit(f.tree(&[(b"a", FILE, id)]), &[], 1);
        let pin = f.pin(commit);
        assert!(pin.content(own(id)).is_err(), "{header}");
        let query = Query { pattern: "x".into(), ..Query::default() };
        assert!(pin.search(&query).is_err(), "{header}: a search of it proves nothing");
        let looked = pin.trojans(&|| false, |_| ()).unwrap().unwrap();
        assert_eq!((looked.files, looked.unread.map(|(count, _)| count)), (0, Some(1)), "{header}");
    }
}

#[test]
fn names_that_mean_something_elsewhere_are_only_names() {
    let long = "n".repeat(4096);
    let names: [&[u8]; 9] =
        [b".git", b".GIT/config", b"CON", b"-rf", b"--help", b"a\nb", b"$(touch owned)", b"nul.txt", long.as_bytes()];
    let desk = desk(|git| {
        let blob = git.blob("one line\n");
        let items: Vec<Item<'_>> = names.iter().map(|name| (*name, FILE, blob)).collect();
        git.tree(&items)
    });
    for name in &names[..8] {
        let place = format!("--evidence={}:1", String::from_utf8_lossy(name));
        desk.ok(["evidence", "add", &place]);
    }
    assert!(!desk.clone_dir().join("owned").exists());
    let mut pty = open(&desk);
    for (letters, shows) in [("CON", "2 CON"), ("-rf", "2 -rf"), ("a\\nb", "2 a\\nb"), ("nnnnnnnnnnnn", "one line")] {
        opens(&mut pty, letters, shows);
    }
    pty.types("t");
    pty.sees("1 Files");
    pty.sees("a\\nb");
    ends_within_its_budget(pty);
}

/// A seeded source of numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// What commands, hides or reorders, and what breaks it in two.
const PIECES: [&[u8]; 34] = [
    b"\x1b",
    b"[",
    b"]",
    b"2J",
    b"31m",
    b"\x1b[",
    b"\x1b]52;c;",
    b"\x1b]8;;http://x",
    b"\x07",
    b"\x1b\\",
    b"\xc2\x9b",
    b"\xc2\x9d",
    b"\x9b",
    b"\x90",
    b"\r",
    b"\x08",
    b"\x7f",
    b"\x00",
    b"\xe2\x80\xae",
    b"\xe2\x81\xa6",
    b"\xe2\x80\x8b",
    b"\xe2\x80\x8d",
    b"\xef\xbb\xbf",
    b"\xf3\xa0\x81\x81",
    b"\xe2\x80\xa8",
    b"\xcc\x81",
    b"\xcc\x81\xcc\x81\xcc\x81",
    b"\xe3\x85\xa4",
    b"\xff",
    b"\xed\xa0\x80",
    "раypal".as_bytes(),
    "漢".as_bytes(),
    b"a",
    b"\t",
];

#[test]
fn no_generated_name_or_text_commands_the_terminal() {
    const FILES: usize = 24;
    let mut dice = Dice(0x4057);
    let mut some = |most: usize, without: &[u8]| -> Vec<u8> {
        let count = 1 + dice.below(most);
        let pieces: Vec<&[u8]> = (0..count).map(|_| PIECES[dice.below(PIECES.len())]).collect();
        pieces.concat().into_iter().filter(|byte| !without.contains(byte)).collect()
    };
    let files: Vec<(Vec<u8>, Vec<u8>)> = (0..FILES)
        .map(|at| {
            let name = [format!("x{at:02}").as_bytes(), &some(12, b"/\0")].concat();
            let lines: Vec<Vec<u8>> = (0..30).map(|_| some(20, if at % 4 == 0 { b"" } else { b"\0" })).collect();
            (name, lines.join(&b'\n'))
        })
        .collect();
    let desk = desk(|git| {
        let blobs: Vec<Oid> = files.iter().map(|(_, text)| git.blob(text)).collect();
        let items: Vec<Item<'_>> = files.iter().zip(&blobs).map(|((name, _), id)| (&name[..], FILE, *id)).collect();
        git.tree(&items)
    });
    let mut pty = open(&desk);
    pty.types("t");
    pty.sees("1 Files");
    for at in 0..FILES {
        pty.types("1gg");
        pty.types("j".repeat(at));
        pty.types("\r");
        pty.sees(&format!(">  x{at:02}"));
        pty.types("2G");
    }
    pty.types("gs");
    pty.sees("files looked through");
    pty.types("G\r");
    pty.sees_no("files looked through");
    ends_within_its_budget(pty);
    // And what is printed rather than drawn, also where it is why something cannot be done.
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    let fixed: [&[&str]; 15] = [
        &["trojans"],
        &["status"],
        &["diff"],
        &["search", "a"],
        &["search", "a", "--json"],
        &["leads"],
        &["leads", "--by-file"],
        &["tags"],
        &["doctor"],
        &["coverage", "--files"],
        &["evidence", "add", "--search", "a"],
        &["evidence", "list"],
        &["export", "--db", "../db", "--unsigned", "--partial"],
        &["sign", "../db"],
        &["log"],
    ];
    for args in fixed {
        says_no_hazard(desk.cmd().args(args));
    }
    for (name, _) in &files {
        let name = OsStr::from_bytes(name);
        for args in [&["blame"][..], &["history"], &["show"], &["show", "--outline"], &["diff", "--"]] {
            says_no_hazard(desk.cmd().args(args).arg(name));
        }
        let place = [name.as_bytes(), b":1"].concat();
        says_no_hazard(desk.cmd().args(["evidence", "add"]).arg(OsStr::from_bytes(&place)));
    }
    says_no_hazard(desk.cmd().args(["evidence", "list"]));
}

/// Checks that a call prints nothing that commands a terminal, be it an answer or an error.
#[track_caller]
fn says_no_hazard(command: &mut assert_cmd::Command) {
    let output = command.output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 5), "{command:?}");
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let hazard = said.chars().find(|c| *c != '\n' && touchstone::repo::display::is_hazard(*c));
    assert_eq!(hazard, None, "{command:?}: {said}");
}

/// Writes a program that leaves a mark when it is started.
fn trap(path: &Path, mark: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\ncat\n", mark.display())).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Every way in which a clone's own files name a program. The traps stand in the clone, where `git` is none of the user's.
fn set_traps(desk: &Desk) -> (PathBuf, PathBuf) {
    let (bin, mark) = (desk.clone_dir().join("traps"), desk.dir().join("sprung"));
    for name in [
        "git",
        "sh",
        "bash",
        "ssh",
        "less",
        "more",
        "pager",
        "vi",
        "vim",
        "nano",
        "emacs",
        "ed",
        "gpg",
        "ssh-keygen",
        "git-remote-ext",
        "git-upload-pack",
        "git-lfs",
        "watchman",
        "xdg-open",
        "xclip",
        "pbcopy",
        "node",
        "python3",
        "trap",
    ] {
        trap(&bin.join(name), &mark);
    }
    for hook in [
        "post-checkout",
        "pre-commit",
        "post-merge",
        "post-index-change",
        "reference-transaction",
        "fsmonitor-watchman",
        "pre-auto-gc",
        "post-rewrite",
    ] {
        trap(&desk.git.git.join("hooks").join(hook), &mark);
    }
    let trap = bin.join("trap");
    let trap = trap.display();
    desk.git.write("more-config", format!("[core]\n\tfsmonitor = {trap}\n\tworktree = /\n"));
    desk.git.write(
        "config",
        format!(
            "[core]\n\trepositoryformatversion = 0\n\tfsmonitor = {trap}\n\thooksPath = {0}\n\tpager = {trap}\n\teditor = {trap}\n\
             \tsshCommand = {trap}\n\taskPass = {trap}\n\tgitProxy = {trap}\n\tattributesFile = {1}\n\
             [include]\n\tpath = more-config\n[includeIf \"gitdir:/\"]\n\tpath = more-config\n\
             [filter \"x\"]\n\tsmudge = {trap}\n\tclean = {trap}\n\tprocess = {trap}\n\trequired = true\n\
             [diff]\n\texternal = {trap}\n[diff \"x\"]\n\ttextconv = {trap}\n\tcommand = {trap}\n[merge \"x\"]\n\tdriver = {trap}\n\
             [credential]\n\thelper = !{trap}\n[gpg]\n\tprogram = {trap}\n[alias]\n\tblame = !{trap}\n\
             [remote \"origin\"]\n\turl = https://github.com/example/notes-mcp\n\tuploadpack = {trap}\n\tvcs = ext\n\
             [submodule \"x\"]\n\tupdate = !{trap}\n[sequence]\n\teditor = {trap}\n[interactive]\n\tdiffFilter = {trap}\n",
            desk.git.git.join("hooks").display(),
            desk.git.git.join("info/attributes").display(),
        ),
    );
    desk.git.write("info/attributes", "* filter=x diff=x merge=x working-tree-encoding=UTF-16\n");
    (bin, mark)
}

#[test]
fn no_program_is_started() {
    let desk = desk(|git| {
        let readme = git.blob("# trapped\n");
        git.tree(&[
            (b".gitattributes", FILE, git.blob("* filter=x diff=x text eol=crlf ident export-subst\n")),
            (b".gitmodules", FILE, git.blob("[submodule \"x\"]\n\tpath = x\n\turl = ext::trap\n\tupdate = !trap\n")),
            (b".lfsconfig", FILE, git.blob("[lfs]\n\turl = ssh://trap\n")),
            (b"README.md", FILE, readme),
            (b"src/a.ts", FILE, git.blob("const key = process.env.KEY;\n")),
        ])
    });
    let (bin, mark) = set_traps(&desk);
    std::fs::create_dir(desk.dir().join("db")).unwrap();
    for args in [
        &["status"][..],
        &["evidence", "add", "--search", "key"],
        &["evidence", "add", "--evidence", "src/a.ts:1"],
        &["trojans"],
        &["open", "--new"],
        &["log"],
        &["audits"],
        &["blame", "src/a.ts"],
        &["history", "src/a.ts"],
        &["diff"],
        &["diff", "--", "src/a.ts"],
        &["show", "src/a.ts"],
        &["search", "key"],
        &["leads"],
        &["coverage"],
        &["tags"],
        &["export", "--db", "../db", "--unsigned", "--partial"],
    ] {
        let output = desk.cmd().env("PATH", &bin).args(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || args[0] == "open", "{args:?}: {said}");
    }
    let mut pty = Pty::run(command(&desk, &["open", "--audit", &first_audit(&desk)], Some(&bin)), 120, 40);
    pty.sees("# trapped");
    opens(&mut pty, "src/a.ts", "process.env.KEY");
    pty.types("g/");
    pty.types("process");
    pty.sees("src/a.ts:1");
    pty.types("\x1b");
    pty.sees_no("src/a.ts:1");
    pty.types("gb");
    pty.sees(" by libgit2 ");
    pty.types("gr");
    pty.sees("Review: ");
    assert_eq!(children(&pty), None, "the workbench has or had children");
    ends_within_its_budget(pty);
    // What starts the user's programs starts these and no others: the clone's own `git` is first on the search path.
    let own = desk.clone_dir().join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::copy(bin.join("git"), own.join("git")).unwrap();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([own].into_iter().chain(std::env::split_paths(&rest))).unwrap();
    for args in [&["blame", "src/a.ts"][..], &["history", "src/a.ts"], &["diff"], &["tags"]] {
        succeeds(desk.cmd().env("PATH", &path).args(args));
    }
    let mut pty = Pty::run(command(&desk, &["open", "--audit", &first_audit(&desk)], Some(Path::new(&path))), 120, 40);
    opens(&mut pty, "src/a.ts", "process.env.KEY");
    pty.types("gb");
    pty.sees("2025-12-06");
    if cfg!(target_os = "linux") && Command::new("git").arg("--version").output().is_ok() {
        assert!(children(&pty).is_some(), "the user's git is seen where it is started");
    }
    ends_within_its_budget(pty);
    desk.ok(["doctor"]);
    let key = desk.dir().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    if made.is_ok_and(|status| status.success()) {
        desk.ok(["note", "input-1", "Something new."]);
        desk.ok(["export", "--db", "../db", "--partial", "--key", key.to_str().unwrap()]);
        desk.ok(["note", "input-1", "Something newer."]);
        let report = desk.json(["export", "--db", "../db", "--partial", "--unsigned"]);
        desk.ok(["sign", report["path"].as_str().unwrap(), "--key", key.to_str().unwrap()]);
    } else {
        skipped("ssh-keygen is not installed, so nothing was signed in a clone with traps");
    }
    let sprung = std::fs::read_to_string(&mark).unwrap_or_default();
    assert_eq!(sprung, "", "a program was started");
    // The traps do leave a mark.
    assert!(Command::new(bin.join("git")).stdin(std::process::Stdio::null()).status().unwrap().success());
    assert!(mark.exists());
}

/// Tells of the children that a program has, or had and waited for; nothing where it never had any.
fn children(pty: &Pty) -> Option<String> {
    let process = PathBuf::from(format!("/proc/{}", pty.pid.as_raw_nonzero()));
    for task in std::fs::read_dir(process.join("task")).ok()?.flatten() {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        if !children.trim().is_empty() {
            return Some(format!("now: {children}"));
        }
    }
    // The page faults of children that it waited for: no program runs without any.
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    let faults = stat.rsplit(") ").next()?.split(' ').nth(8)?;
    (faults != "0").then(|| format!("before: {faults} page faults"))
}

fn first_audit(desk: &Desk) -> String {
    let mut names: Vec<String> = std::fs::read_dir(desk.audits())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names[0].clone()
}

#[test]
fn a_clone_of_somebody_else_is_read_all_the_same() {
    let desk = Desk::new();
    if !rustix::process::geteuid().is_root() {
        return skipped("only root can give a clone to somebody else");
    }
    assert!(Command::new("chown").args(["-R", "65534:65534"]).arg(desk.clone_dir()).status().unwrap().success());
    desk.ok(["open", "--auditor", "jo", "--mode", "stdio"]);
    desk.ok(["answer", "auth-4", "yes", "--evidence", "src/auth.ts:4"]);
}

/// Moves all objects into one pack, and the packs and loose objects that were there away.
fn repack(git: &Fixture, extra: &str) {
    let old: Vec<PathBuf> = files(&git.git.join("objects"));
    let raw = git2::Repository::open_bare(&git.git).unwrap();
    git.blob(extra);
    let mut builder = raw.packbuilder().unwrap();
    let odb = raw.odb().unwrap();
    let mut ids = Vec::new();
    odb.foreach(|id| {
        ids.push(*id);
        true
    })
    .unwrap();
    for id in ids {
        builder.insert_object(id, None).unwrap();
    }
    let mut pack = git2::Buf::new();
    builder.write_buf(&mut pack).unwrap();
    let mut writer = odb.packwriter().unwrap();
    std::io::Write::write_all(&mut writer, &pack).unwrap();
    writer.commit().unwrap();
    for path in old {
        std::fs::remove_file(path).unwrap();
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn a_repository_that_changes_while_it_is_open() {
    let desk = Desk::light(&["stdio"]);
    let mut pty = open(&desk);
    pty.sees("# notes-mcp");
    // A ref that moves: the pin stays.
    desk.git.main(desk.older);
    opens(&mut pty, "auth.ts", "import type");
    // Everything in a pack, and then in another one, with the one before gone.
    repack(&desk.git, "one");
    opens(&mut pty, "db.ts", "better-sqlite3");
    repack(&desk.git, "two");
    opens(&mut pty, "index.ts", "McpServer");
    pty.types("g/");
    pty.types("sqlite");
    pty.sees("src/db.ts:1");
    pty.types("\x1b");
    pty.sees_no("src/db.ts:1");
    // Nothing is left. What was opened before may still be read; nothing breaks, and answers are still taken.
    std::fs::remove_dir_all(desk.clone_dir()).unwrap();
    for letters in ["tail.ts", "package.json", "logo.png"] {
        pty.types("f");
        pty.sees("Find a file");
        pty.types(letters);
        pty.sees(&format!("> {letters}"));
        pty.types("\r");
        pty.sees_no("Find a file");
    }
    pty.types("]y");
    pty.sees(" 1/48 answered");
    ends_within_its_budget(pty);
}

#[test]
fn an_object_that_is_gone_is_said_and_proves_nothing() {
    let desk = Desk::light(&["stdio"]);
    let auth = git2::Oid::hash_object(ObjectType::Blob, crate::support::AUTH.as_bytes()).unwrap();
    let db = git2::Oid::hash_object(ObjectType::Blob, crate::support::DB.as_bytes()).unwrap();
    std::fs::remove_file(desk.git.loose(auth)).unwrap();
    overwrite(&desk.git.loose(db), &std::fs::read(desk.git.loose(desk.older)).unwrap());
    let mut pty = open(&desk);
    pty.sees("# notes-mcp");
    opens(&mut pty, "auth.ts", "is missing from this clone");
    opens(&mut pty, "db.ts", "is a commit, not a blob");
    pty.types("g/");
    pty.types("sqlite");
    pty.sees("is missing from this clone");
    pty.types("\x1b");
    pty.sees_no("Search in");
    pty.types("gs");
    pty.sees("Not read: 2, the first because: The blob");
    ends_within_its_budget(pty);
    desk.fails(["evidence", "add", "--search", "nothing-of-this"], 3);
}

#[test]
fn text_that_is_not_utf_8_is_shown_as_what_it_is() {
    let utf16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let desk = desk(|git| {
        git.tree(&[
            (b"wide.txt", FILE, git.blob([b"\xff\xfe".to_vec(), utf16("eval(x)\n")].concat())),
            (b"han.txt", FILE, git.blob([b"\xff\xfe".to_vec(), utf16("漢字漢字")].concat())),
            (b"bom.txt", FILE, git.blob("\u{feff}first\nin\u{feff}side\n")),
            (b"broken.txt", FILE, git.blob(b"caf\xe9 \xed\xa0\x80 \xc0\xaf \xf5\x80\n")),
            (b"late-nul.txt", FILE, git.blob([vec![b'a'; 9000], b"\0 after\n".to_vec()].concat())),
        ])
    });
    let mut pty = open(&desk);
    opens(&mut pty, "wide.txt", "Binary, ");
    opens(&mut pty, "han.txt", "\\xff\\xfe");
    opens(&mut pty, "bom.txt", "\\u{feff}first");
    pty.sees("in\\u{feff}side");
    opens(&mut pty, "broken.txt", "caf\\xe9 \\xed\\xa0\\x80 \\xc0\\xaf \\xf5\\x80");
    opens(&mut pty, "late-nul.txt", "long line, not coloured");
    pty.types("gs");
    pty.sees("1 place; 4 files looked through");
    pty.sees("binary files, UTF-16 among them, 1 in all");
    ends_within_its_budget(pty);
}

const TROJAN: &str = "// a comment\nif (x) {/*\u{202e} } \u{2066}if (isAdmin)\u{2069} \u{2066} begin */\nconst is\u{200b}Admin = 1;\n\
                      раypal(x);\n// Привет, со всеми\nconst caf\u{e9} = \"ok\";\n";

#[test]
fn what_could_fool_the_eye_has_a_sign_in_the_gutter_and_in_a_list() {
    let desk = desk(|git| {
        git.tree(&[
            (b"README.md", FILE, git.blob("# signs\n")),
            ("src/аdmin.ts".as_bytes(), FILE, git.blob("plain\n")),
            (b"src/trojan.ts", FILE, git.blob(TROJAN)),
        ])
    });
    let said = desk.ok(["trojans"]);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "B src/trojan.ts:2  right-to-left override (U+202E); 3 more", "{said}");
    assert_eq!(lines[1], "Z src/trojan.ts:3  zero width space (U+200B)");
    assert_eq!(lines[2], "H src/trojan.ts:4  раypal looks like paypal: р is Cyrillic (U+0440)");
    assert_eq!(lines[3], "H src/аdmin.ts (its name)  аdmin looks like admin: а is Cyrillic (U+0430)");
    assert!(said.contains("4 places in 3 files"), "{said}");
    let report = desk.json(["trojans"]);
    assert_eq!(report["schema"], "touchstone.trojans/1");
    assert_eq!(report["odd"][0]["marks"][0]["technique"], "bidi");
    assert_eq!((&report["odd"][3]["line"], &report["places"]), (&serde_json::Value::Null, &4.into()));

    let mut shop = Workshop::on(desk, 120, 40);
    for ascii in [false, true] {
        shop.app.preferences.ascii = ascii;
        shop.app.preferences.no_color = ascii;
        shop.keys("gs");
        let screen = shop.screen();
        assert!(screen.contains("4 places; 3 files looked through."), "{screen}");
        assert!(screen.contains("H src/trojan.ts:4  раypal looks like paypal"), "{screen}");
        // To the first of them, and on to the next.
        let row = |screen: &str| screen.lines().position(|line| line.contains("src/trojan.ts:2  ")).unwrap();
        let first = screen.lines().position(|line| line.contains("4 places;")).unwrap();
        shop.keys(&"j".repeat(row(&screen) - first)).keys("<cr>");
        let screen = shop.screen();
        for sign in
            ["2B if (x) {/*\\u{202e}", "3Z const is\\u{200b}Admin", "4H раypal(x);", "5  // Привет", "6  const café"]
        {
            assert!(screen.contains(sign), "{sign}\n{screen}");
        }
        assert_eq!(shop.app.doc.as_ref().unwrap().cursor, 1);
        shop.keys(".");
        assert_eq!(shop.app.doc.as_ref().unwrap().cursor, 2);
    }
    let doc = shop.app.doc.as_ref().unwrap();
    assert_eq!(doc.text.odd(1), Some(Technique::Bidi));
    assert_eq!(doc.text.odd(4), None);
}

#[test]
fn content_over_the_limit_is_known_by_its_header() {
    let f = Fixture::new();
    let giant = loose(&f, &"34".repeat(20), &format!("blob {TWO_GIB}"), b"");
    let pin = f.pin(f.commit(f.tree(&[(b"a", FILE, giant)]), &[], 1));
    assert_eq!(pin.content(own(giant)).unwrap(), Content::TooLarge(TWO_GIB));
    assert_eq!(pin.blob(own(giant)).unwrap_err().kind, Kind::CouldNot);
}

#[test]
fn a_forged_size_is_no_reason_to_leave_a_file_out() {
    let desk = desk(|git| {
        let id = Oid::hash_object(ObjectType::Blob, b"evil()").unwrap().to_string();
        let forged = loose(git, &id, "blob 70000000", b"evil()");
        git.tree(&[(b"a.js", FILE, forged), (b"b.js", FILE, git.blob("fine()\n"))])
    });
    for args in
        [&["search", "evil"][..], &["evidence", "add", "--search", "evil"], &["evidence", "add", "--history", "evil"]]
    {
        let said = desk.fails(args, 1);
        assert!(said.contains("was changed: its bytes do not have this hash"), "{said}");
    }
    // What does not read it is not refused.
    desk.ok(["evidence", "add", "--search", "evil", "--in", "b.js"]);
}

#[test]
fn a_file_in_a_pack_is_too_large_only_if_it_is() {
    let f = Fixture::new();
    let (large, small) = (f.blob(vec![b'x'; (64 << 20) + 1]), f.blob("x\n"));
    let two = f.commit(f.tree(&[(b"large", FILE, large), (b"small", FILE, small)]), &[], 1);
    let huge = f.blob(vec![b'y'; (128 << 20) + 1]);
    let three = f.commit(f.tree(&[(b"huge", FILE, huge), (b"large", FILE, large), (b"small", FILE, small)]), &[], 1);
    let query = Query { pattern: "x".into(), ..Query::default() };
    let skipped = |pin: touchstone::repo::Pin| pin.search(&query).map(|search| search.skipped[0].files);
    assert_eq!(skipped(f.pin(three)), Ok(2));
    repack(&f, "all");
    assert_eq!(skipped(f.pin(two)), Ok(1));
    let error = skipped(f.pin(three)).unwrap_err();
    assert_eq!(error.kind, Kind::CouldNot);
    assert!(error.message.contains("too many to verify its hash"), "{error}");
}
