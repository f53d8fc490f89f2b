"""Our log against kafka-python's record parser, an independent implementation of the format, in both directions.

    python kafka_records.py PATTERNALARM WORK-FOLDER

1. Every record of every segment that a replay has written is read by kafka-python: offset, time, key, value, headers'
   names and checksums are what `patternalarm log cat` and `log batches` say.
2. Batches that kafka-python writes, compressed with LZ4 and not at all, become a log that `patternalarm` verifies, prints
   and continues.
"""

import glob
import json
import os
import subprocess
import sys

from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatchBuilder

binary, work = sys.argv[1:3]


def run(*arguments, **options):
    return subprocess.run([binary, *arguments], check=True, capture_output=True, **options).stdout


def batches(folder):
    for segment in sorted(glob.glob(folder + "/*.log")):
        with open(segment, "rb") as file:
            records = MemoryRecords(file.read())
        while (batch := records.next_batch()) is not None:
            assert batch.validate_crc(), segment
            yield batch


def read_ours():
    events, data = work + "/events.jsonl", work + "/ours"
    run("simulate", "--events", "5000", "--seed", "3", "--out", events)
    run("replay", events, "-q", "--data-dir", data)
    count = 0
    for folder in sorted(glob.glob(data + "/log/patternalarm-*")):
        partition = folder.rsplit("-", 1)[1]
        printed = run("log", "cat", "--data-dir", data, "--partition", partition, "--with-offsets").splitlines()
        listed = json.loads(run("log", "batches", "--data-dir", data, "--partition", partition, "--format", "json"))
        listed = [row for row in listed if row["partition"] == os.path.basename(folder)]
        found = list(batches(folder))
        assert [row["first_offset"] for row in listed] == [batch.base_offset for batch in found]
        records = [record for batch in found for record in batch]
        assert [record.offset for record in records] == list(range(len(printed)))
        for record, line in zip(records, printed):
            name, offset, time, value = line.split(b"\t", 3)
            assert int(offset) == record.offset and value == record.value, line
            event = json.loads(value)
            assert record.key is None or record.key.decode() in value.decode(), line
            assert record.timestamp > 0 and event
        headers = {name for batch in found for record in batch for name, _ in record.headers}
        assert headers <= {"source", "lines", "reject"}, headers
        count += len(records)
    with open(events, "rb") as file:
        assert count == len(file.read().splitlines())
    activations = [json.loads(record.value) for batch in batches(data + "/log/__activations-0") for record in batch]
    assert [row["number"] for row in activations] == [1], activations
    print(f"kafka-python reads {count} records of ours, and what is in force")


def read_theirs():
    data = work + "/theirs"
    values = []
    for codec, name in ((0, "plain"), (DefaultRecordBatchBuilder.CODEC_LZ4, "lz4")):
        folder = f"{data}/log/{name}-0"
        os.makedirs(folder)
        with open(folder + "/00000000000000000000.log", "wb") as file:
            offset = 0
            for size in (1, 7, 300):
                builder = DefaultRecordBatchBuilder(
                    magic=2, compression_type=codec, is_transactional=0, producer_id=-1, producer_epoch=-1,
                    base_sequence=-1, batch_size=1 << 20,
                )
                for index in range(size):
                    value = json.dumps({"id": f"{name}-{offset + index}", "text": "x" * (index % 50)}).encode()
                    values.append(value)
                    builder.append(index, 1772438400000 + offset + index, b"k", value, [("h", b"v")])
                batch = bytearray(builder.build())
                # A broker puts in the offset, which the checksum does not cover.
                batch[0:8] = offset.to_bytes(8, "big")
                file.write(batch)
                offset += size
    run("log", "verify", "--data-dir", data)
    printed = run("log", "cat", "--data-dir", data).splitlines()
    assert sorted(printed) == sorted(values)
    print(f"{len(printed)} records of kafka-python's are read here")


read_ours()
read_theirs()
