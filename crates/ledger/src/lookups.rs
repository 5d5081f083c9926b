//! How the database looks things up: by an index, however many customers there are.

use crate::{Ledger, charge, database::Database, files, rooms, standing, stripe};

const STATEMENTS: [&str; 22] = [
    charge::COUNT,
    charge::COUNT_GUEST,
    charge::ADMIT_GUEST,
    charge::GIVE_BACK,
    charge::GIVE_BACK_GUEST,
    standing::STANDING,
    files::RESERVE,
    files::FORGET,
    files::UNFIT,
    files::CONFIRM,
    files::RELEASE,
    files::FILE,
    files::UNDECIDED,
    rooms::ROOM,
    rooms::SET,
    rooms::RETIRE,
    stripe::RECORD,
    stripe::LINK,
    stripe::SUBSCRIBE,
    stripe::OWN,
    stripe::SUBSCRIBED,
    stripe::FORGET,
];

#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    let location = format!("file:{}/ledger.db", folder.path().display());
    let ledger = Ledger::open(&location.parse().unwrap()).await.unwrap();
    ledger.migrate(jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    let Database::Embedded(database) = &*ledger.database else {
        unreachable!("it is a file")
    };
    let mut scans = Vec::new();
    for statement in STATEMENTS {
        for step in database.explain(statement).await.unwrap() {
            if step.starts_with("SCAN") && !step.contains("CONSTANT ROW") {
                scans.push((step, statement));
            }
        }
    }
    assert_eq!(scans, []);
}
