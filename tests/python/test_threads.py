# SPDX-License-Identifier: Apache-2.0
"""One Remote in the hands of many threads, and of somebody who presses Ctrl-C ($URL)."""

import copy
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

import numpy as np

import blindsight as bs

THREADS = 16
EACH = int(os.environ.get("EACH", "12"))
CACERT = "tls.crt"

# A program that waits for what never comes, and says how its wait ended.
WAITS = """
import sys, time
import blindsight as bs
try:
    print("begins", flush=True)
    remote = bs.Remote(sys.argv[1], token="t", {options})
    remote.use_key("c.key")
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


class ThreadsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.remote = bs.Remote(os.environ["URL"], key="t.key", cacert=CACERT)
        cls.rows = cls.remote.client.rows("validation.csv")
        cls.answer = cls.remote.predict(cls.rows)

    def run_all(self, work) -> list:
        """work(i) by THREADS threads at once; what they raised."""
        raised, gate = [], threading.Barrier(THREADS)

        def run(number: int) -> None:
            try:
                gate.wait()
                work(number)
            except BaseException as error:
                raised.append(error)

        threads = [threading.Thread(target=run, args=(i,)) for i in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return raised

    def test_predictions(self) -> None:
        def work(number: int) -> None:
            for i in range(EACH):
                row = (7 * number + i) % len(self.rows)
                answer = self.remote.predict(self.rows[row])
                if answer.labels != self.answer.labels[row:row + 1]:
                    raise AssertionError(f"row {row}: {answer.labels}")
                if np.abs(answer.outputs - self.answer.outputs[row]).max() > 1e-3:
                    raise AssertionError(f"row {row}: {answer.outputs}")

        self.assertEqual(self.run_all(work), [])

    def test_keys_come_and_go_meanwhile(self) -> None:
        def work(number: int) -> None:
            if number == 0:
                self.remote.use_key("t.key")
            elif number == 1:
                self.remote.use_key("u.key")
            elif self.remote.predict(self.rows[number]).labels != [self.answer.labels[number]]:
                raise AssertionError(f"row {number}")

        self.assertEqual(self.run_all(work), [])

    def test_errors_are_each_threads_own(self) -> None:
        def work(number: int) -> None:
            remote = bs.Remote(os.environ["URL"], cacert=CACERT)
            with self.assertRaisesRegex(ValueError, "30 values"):
                remote.predict(np.zeros(number + 31))
            with self.assertRaisesRegex(bs.Error, f"none{number}/me.key"):
                remote.use_key(f"none{number}/me.key")

        self.assertEqual(self.run_all(work), [])

    def test_not_from_its_own_progress(self) -> None:
        remotes = []

        def progress(stage: str, fraction: float) -> None:
            if remotes:
                remotes[0].predict(self.rows[0])

        remotes.append(bs.Remote(os.environ["URL"], key="t.key", cacert=CACERT,
                                 progress=lambda *a: progress(*a)))
        with self.assertRaisesRegex(RuntimeError, "progress"):
            remotes[0].predict(self.rows[0])

    def test_copies(self) -> None:
        """What does not change is its own copy; what is secret, or a connection, does not travel."""
        client = bs.Client("wdbc.client")
        secret, _ = client.keygen()
        for way in (copy.copy, copy.deepcopy):
            self.assertIs(way(client), client)
            self.assertIs(way(secret), secret)
        again = pickle.loads(pickle.dumps(client))
        self.assertEqual(len(again.encrypt(self.rows[:1], secret)),
                         len(client.encrypt(self.rows[:1], secret)))
        with self.assertRaisesRegex(TypeError, "private file"):
            pickle.dumps(secret)
        for way in (copy.copy, copy.deepcopy, pickle.dumps):
            with self.assertRaisesRegex(TypeError, "copied or pickled"):
                way(self.remote)


class InterruptTest(unittest.TestCase):
    """Ctrl-C within a moment, wherever the program is."""

    LIMIT_S = 20.0  # of a busy machine; on an idle one it is 0.3, and what it was is printed
    most = 0.0

    @classmethod
    def tearDownClass(cls) -> None:
        print(f"Ctrl-C, by a server that stalls: at most {cls.most:.3f} s")

    def interrupted(self, url: str, options: str = "") -> float:
        program = subprocess.Popen([sys.executable, "-c", WAITS.format(options=options), url],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            self.assertEqual(program.stdout.readline(), b"begins\n")
            time.sleep(0.5)
            start = time.monotonic()
            program.send_signal(signal.SIGINT)
            out, err = program.communicate(timeout=60)
            took = time.monotonic() - start
        finally:
            program.kill()
            program.wait()
            program.stdout.close()
            program.stderr.close()
        self.assertEqual((out, err), (b"interrupted\n", b""))
        type(self).most = max(self.most, took)
        return took

    def test_nobody_answers(self) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            self.assertLess(self.interrupted(url), self.LIMIT_S)

    def stalls_after(self, answer: bytes) -> float:
        """By a server that takes what comes, sends this much of its answer, and nothing more."""
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            door.listen()

            def serve() -> None:
                with door.accept()[0] as caller:
                    caller.recv(1 << 16)
                    caller.sendall(answer)
                    while caller.recv(1 << 16):
                        pass

            server = threading.Thread(target=serve)
            server.start()
            took = self.interrupted(f"http://127.0.0.1:{door.getsockname()[1]}", "timeout_s=600")
            server.join(60)
        return took

    def test_an_answer_that_never_ends(self) -> None:
        self.assertLess(self.stalls_after(b"HTTP/1.1 200 OK\r\nConte"), self.LIMIT_S)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n"
        self.assertLess(self.stalls_after(head + b'{"models":['), self.LIMIT_S)

    def test_pauses(self) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}"
            self.assertLess(self.interrupted(url), self.LIMIT_S)
            self.assertLess(self.interrupted(url, "progress=lambda *a: None"), self.LIMIT_S)


if __name__ == "__main__":
    unittest.main()
