"""A worker process of the supervisor: ``python -m dlr.features.supervisor_worker``.

It reads the job and then tasks from its standard input, a line each, and answers on its standard
output. The end of its input means that the supervisor is gone, however that ended: the process
then ends as well, in the middle of a case if need be, so that none is left behind.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from typing import BinaryIO

from dlr.errors import StorageError
from dlr.features.supervisor_wire import (
    DONE,
    FATAL,
    READY,
    RESULT,
    Message,
    decode_job,
    decode_task,
    result_content,
)
from dlr.features.worker import ImageProcessor, ImageTask


def main() -> None:
    """Serve tasks until the input ends."""
    answers = _private_output()
    tasks: queue.Queue[bytes] = queue.Queue()
    processor = decode_job(sys.stdin.buffer.readline())
    threading.Thread(target=_read_tasks, args=(sys.stdin.buffer, tasks), daemon=True).start()
    _say(answers, Message(READY, {}))
    while True:
        _serve(processor, decode_task(tasks.get()), answers)


def _serve(processor: ImageProcessor, task: ImageTask, answers: BinaryIO) -> None:
    try:
        for result in processor.each(task):
            _say(answers, Message(RESULT, result_content(result)))
        _say(answers, Message(DONE, {}))
    except StorageError as error:
        _say(answers, Message(FATAL, {"reason": str(error)}))


def _say(answers: BinaryIO, message: Message) -> None:
    try:
        answers.write(message.encode())
        answers.flush()
    except BrokenPipeError:
        os._exit(0)  # nobody listens any more; what was computed is in the cache


def _private_output() -> BinaryIO:
    """Keep the way back to the supervisor for messages; what libraries print goes to stderr."""
    private = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(private, "wb")


def _read_tasks(source: BinaryIO, tasks: queue.Queue[bytes]) -> None:
    for line in source:
        tasks.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
