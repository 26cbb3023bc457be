//! Files of every kind.

use super::{clients, everything, import, import_bytes};
use crate::support::{TestDatabase, program};

const BOM: &[u8] = b"\xEF\xBB\xBF";

#[tokio::test]
async fn what_is_well_formed_is_read_whatever_wrote_it() {
    let database = TestDatabase::create().await;
    let bom = [BOM, b"\"name\",phone\nAcme,1\n"].concat();
    for (shows, bytes, args, lines) in [
        ("line feeds", &b"name,phone\nAcme,1\nBeta,2\n"[..], &[][..], &[2, 3][..]),
        ("no final newline", b"name,phone\nAcme,1\nBeta,2", &[], &[2, 3]),
        (
            "as Windows ends lines",
            b"name,phone\r\nAcme,1\r\nBeta,2\r\n",
            &[],
            &[2, 3],
        ),
        ("as old Macs did", b"name,phone\rAcme,1\rBeta,2", &[], &[2, 3]),
        ("a byte order mark", &bom, &[], &[2]),
        (
            "quotes, and cells of several lines",
            b"name,phone\n\"A \"\"B\"\"\r\nC\",\"1,2\"\n\nBeta,2\n",
            &[],
            &[2, 5],
        ),
        (
            "empty lines",
            b"\n\nname,phone\n\nAcme,1\n,\n  , \n\nBeta,2\n\n",
            &[],
            &[5, 9],
        ),
        ("a header only", b"name,phone\n", &[], &[]),
        ("semicolons", b"name;phone\nAcme, Inc.;1\n", &["--delimiter", ";"], &[2]),
        ("tabs", b"name\tphone\nAcme, Inc.\t1\n", &["--delimiter", "tab"], &[2]),
        (
            "columns without a name and without anything in them",
            b"name,,\nAcme,, \n",
            &[],
            &[2],
        ),
    ] {
        let told = import_bytes(&database, bytes, &[&["--dry-run"], args].concat());
        let expected: Vec<(u64, String)> = lines.iter().map(|line| (*line, "created".to_owned())).collect();
        assert_eq!((told.code, told.outcomes()), (Some(0), expected), "{shows}: {told:?}");
        assert!(told.stderr.contains("Nothing was stored"), "{shows}: {told:?}");
    }
    let db = database.open().await;
    assert_eq!(everything(&db).await.0, []);
}

#[tokio::test]
async fn what_is_wrong_with_a_whole_file_is_said_in_one_line() {
    let database = TestDatabase::create().await;
    let many = "Acme,1\n".repeat(600);
    let open_at_the_end = format!("name,phone\n{many}\"Beta,2\n");
    for (shows, bytes, args, said) in [
        ("nothing", &b""[..], &[][..], "the file is empty"),
        ("only line ends", b"\r\n\n\r", &[], "the file is empty"),
        ("only a mark", BOM, &[], "the file is empty"),
        (
            "UTF-16",
            b"\xFF\xFEn\0a\0m\0e\0\n\0A\0\n\0",
            &[],
            "UTF-16; save it as UTF-8",
        ),
        (
            "UTF-16, the other way",
            b"\xFE\xFF\0n\0a\0m\0e\0\n\0A\0\n",
            &[],
            "UTF-16; save it as UTF-8",
        ),
        (
            "UTF-16 without a mark",
            b"n\0a\0m\0e\0\n\0A\0\n\0",
            &[],
            "as UTF-16 does",
        ),
        (
            "Latin-1 in the header",
            b"name,Stra\xDFe\nAcme,1\n",
            &[],
            "line 1 is not UTF-8",
        ),
        (
            "no header",
            b"Acme,a@acme.example\n",
            &[],
            "the first line has to name the columns",
        ),
        ("semicolons", b"name;phone\nAcme;1\n", &[], "give --delimiter ';'"),
        ("tabs", b"name\tphone\nAcme\t1\n", &[], r"give --delimiter '\t'"),
        ("nobody's column", b"name,Colour\nAcme,red\n", &[], r#"called "Colour""#),
        (
            "a column twice",
            b"name,E-mail,email\nAcme,,\n",
            &[],
            "are the same field",
        ),
        (
            "an open quotation mark, told late",
            open_at_the_end.as_bytes(),
            &["--skip-bad"],
            "line 602: a quotation mark is opened",
        ),
        (
            "no such integration",
            b"name\nAcme\n",
            &["--integration", "integration_1"],
            "there is no integration",
        ),
        (
            "a map of no column",
            b"name\nAcme\n",
            &["--map", "Firm=name"],
            r#"there is no column "Firm""#,
        ),
    ] {
        let told = import_bytes(&database, bytes, args);
        assert_eq!((told.code, told.stdout.len()), (Some(1), 0), "{shows}: {told:?}");
        let is_line = told.stderr.starts_with("tributary: ") && told.stderr.lines().count() == 1;
        assert!(is_line && told.stderr.contains(said), "{shows}: {told:?}");
    }
    for args in [
        ["--delimiter", ""],
        ["--delimiter", ",,"],
        ["--delimiter", "\""],
        ["--map", "name"],
    ] {
        assert_eq!(import(&database, "name\nAcme\n", &args).code, Some(2), "{args:?}");
    }
    let missing = clients(database.folder(), database.url(), &["import", "missing.csv"]);
    assert!(
        missing.code == Some(1) && missing.stderr.contains("missing.csv cannot be read"),
        "{missing:?}"
    );
    let db = database.open().await;
    assert_eq!(everything(&db).await.0, []);
}

#[tokio::test]
async fn what_is_wrong_with_a_line_is_told_of_that_line() {
    let database = TestDatabase::create().await;
    let large = format!("{}\n", "x".repeat(1 << 20));
    let head = b"name,E-mail,Notes,\n\"of\ntwo lines\",,,\n";
    for (shows, line, said) in [
        (
            "too few cells",
            &b"Acme\n"[..],
            "This line has 1 cells, the first line has 4.",
        ),
        ("too many", b"Acme,,,,\n", "This line has 5 cells"),
        ("not UTF-8", b"M\xFCller,,,\n", "name: This is not UTF-8."),
        ("NUL", b"Ac\0me,,,\n", "name: Text holds no NUL character."),
        ("no name", b",a@b,,\n", "name: A client has a name."),
        (
            "a megabyte",
            &[large.trim().as_bytes(), b",,,\n"].concat(),
            "name: At most 500 characters.",
        ),
        ("no address", b"Acme,here,,\n", "E-mail: This is not an e-mail address."),
        (
            "something in a column without a name",
            b"Acme,,,x\n",
            "Column 4: The first line does not say",
        ),
        (
            "more than one thing",
            b",here,,\n",
            "name: A client has a name. E-mail: This is not an e-mail address.",
        ),
    ] {
        let file = [head, line, b"Beta,,,\n"].concat();
        let told = import_bytes(&database, &file, &["--map", "Notes="]);
        let outcomes = [(2, "created"), (4, "refused"), (5, "created")].map(|(line, word)| (line, word.to_owned()));
        assert_eq!(
            (told.code, told.outcomes()),
            (Some(1), outcomes.to_vec()),
            "{shows}: {}",
            told.stderr
        );
        assert!(told.problem(4).contains(said), "{shows}: {}", told.problem(4));
        assert!(
            told.stderr.contains("1 of 3 lines were refused"),
            "{shows}: {}",
            told.stderr
        );
    }
    let left_out = import_bytes(&database, b"name,Notes\nAcme,\xFF\n", &["--map", "Notes=", "--dry-run"]);
    assert_eq!(
        left_out.code,
        Some(0),
        "what is left out is not looked at: {left_out:?}"
    );
    let db = database.open().await;
    assert_eq!(everything(&db).await.0, []);
}

#[tokio::test]
async fn a_file_comes_from_stdin_too() {
    let database = TestDatabase::create().await;
    let args = ["clients", "import", "-", "--database-url", database.url()];
    let output = program::run(database.folder(), &args, "name\nAcme\n");
    assert!(output.status.success(), "{output:?}");
    let db = database.open().await;
    let (clients, _) = everything(&db).await;
    let names: Vec<&str> = clients.iter().map(|client| &*client.name).collect();
    assert_eq!(names, ["Acme"]);
}
