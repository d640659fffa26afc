"""Event files by PyPI's tensorboard: `golden` writes the one that TensorBoardTests.swift holds, as hexadecimal digits; a path
reads a file and says its events as JSON."""

import json
import struct
import sys
import tempfile

from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

EVENTS = [(7, "training", 2.5), (300, "training", 1.0625), (300, "held out", 1.984)]


def golden():
    with tempfile.TemporaryFile() as file:
        writer = RecordWriter(file)
        writer.write(Event(file_version="brain.Event:2").SerializeToString())
        for step, curve, value in EVENTS:
            summary = Summary(value=[Summary.Value(tag=f"bits per byte/{curve}", simple_value=value)])
            # The harness writes the step as the time, so that equal records give equal files.
            writer.write(Event(wall_time=step, step=step, summary=summary).SerializeToString())
        writer.flush()
        file.seek(0)
        return file.read().hex()


def number(value):
    """Of a value as the loader gives it, which turns plain numbers into tensors."""
    if value.HasField("simple_value"):
        return value.simple_value
    tensor = value.tensor
    return tensor.float_val[0] if tensor.float_val else struct.unpack("<f", tensor.tensor_content)[0]


if sys.argv[1] == "golden":
    print(golden())
else:
    events = [
        {"step": event.step, "tag": value.tag, "value": number(value)}
        for event in EventFileLoader(sys.argv[1]).Load()
        for value in event.summary.value
    ]
    json.dump(events, sys.stdout)
