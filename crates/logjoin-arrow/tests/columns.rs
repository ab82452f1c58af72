//! Rows, written as Parquet and read back.

use std::fs::File;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use logjoin::rows::{FAILURE_COLUMNS, RECORD_COLUMNS, RecordRow};
use logjoin::{Analysis, FileScanner, Head, Options, finish, plan};
use logjoin_arrow::{RecordWriter, failure_schema, failures_to_parquet, record_schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

const LINE: &str = r#"192.0.2.1 - - [21/Nov/2026:02:47:17 +0000] "GET /cart HTTP/1.1" 502 150 "-" "curl" rt=0.250 uct="-" uht="-" urt="0.250" ua="10.0.0.1:80" us="502""#;

fn analysis() -> Analysis {
    let bytes = format!("{LINE}\n").into_bytes();
    let head = Head { path: "nginx/access.log".into(), bytes: bytes.clone(), ..Head::default() };
    let plan = plan(vec![head], Vec::new(), Options::default());
    let mut scanner = FileScanner::new(&plan, 0);
    scanner.push(1, &bytes);
    finish(&plan, vec![scanner.finish()])
}

fn read(bytes: &[u8]) -> Vec<RecordBatch> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    std::fs::write(&path, bytes).unwrap();
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

#[test]
fn failures_come_back_with_their_types() {
    let a = analysis();
    assert_eq!(a.failures.len(), 1);
    let batches = read(&failures_to_parquet(&a.failures).unwrap());
    let b = &batches[0];
    assert_eq!((b.num_rows(), b.num_columns()), (1, FAILURE_COLUMNS.len()));
    assert_eq!(b.schema().fields(), failure_schema().fields());
    let at = |name: &str| b.column_by_name(name).unwrap();
    assert_eq!(at("status").as_primitive::<Int64Type>().value(0), 502);
    assert_eq!(at("client").as_string::<i32>().value(0), "192.0.2.1");
    assert_eq!(at("time").as_primitive::<TimestampMicrosecondType>().value(0), a.failures[0].time.0 / 1_000);
    assert!(at("request_id").is_null(0) && at("connect_s").is_null(0));
    assert_eq!(at("response_s").as_primitive::<Float64Type>().value(0), 0.25);
    assert_eq!(at("backend_lines").as_list::<i32>().value(0).len(), 0);
}

#[test]
fn nothing_is_a_file_too() {
    assert_eq!(read(&failures_to_parquet(&[]).unwrap()).iter().map(RecordBatch::num_rows).sum::<usize>(), 0);
    let bytes = RecordWriter::new(Vec::new()).unwrap().finish().unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
}

#[test]
fn many_records_make_many_batches_and_all_come_back() {
    let record = logjoin_parse::parse_any(LINE.as_bytes()).unwrap();
    let mut file = RecordWriter::new(Vec::new()).unwrap();
    for n in 1..=20_000 {
        file.push(RecordRow::of("access.log", n, &record)).unwrap();
    }
    let batches = read(&file.finish().unwrap());
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 20_000);
    assert_eq!(batches[0].schema().fields(), record_schema().fields());
    assert_eq!(batches[0].num_columns(), RECORD_COLUMNS.len());
    let sum: i64 = batches
        .iter()
        .flat_map(|b| b.column_by_name("line").unwrap().as_primitive::<Int64Type>().values().to_vec())
        .sum();
    assert_eq!(sum, 20_000 * 20_001 / 2);
}
