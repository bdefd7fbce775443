"""The loop of who writes a plugin: `new plugin`, `test`, and `run` with the plugin's file."""
import json


def outcomes(project, *arguments, status=0):
    done = project.attempt("test", *arguments, "--json")
    assert done.returncode == status, done.stdout + done.stderr
    return {row["sample"]: row for row in map(json.loads, done.stdout.splitlines())}


def test_a_new_plugin_passes_its_sample_and_is_told_from_one_that_does_not(project):
    project.run("new", "plugin", "sales", "--pattern", "sales_*.txt")
    assert {name: row["outcome"] for name, row in outcomes(project, "sales").items()} == {"sales/first": "passed"}
    source = project.plugins / "sales.py"
    source.write_text(source.read_text().replace('rstrip("\\n")', "upper()"))
    row = outcomes(project, source, status=1)["sales/first"]
    assert row["outcome"] == "failed" and row["differences"][0].startswith('output: row 1 is ["1", "FIRST')
    told = project.run("test", "sales", status=1)
    assert "FAILED  sales/first" in told and "1 sample, 1 failed" in told
    # What it makes now is taken for right, and then it is.
    assert outcomes(project, "sales", "--update")["sales/first"]["outcome"] == "updated"
    assert outcomes(project, "sales")["sales/first"]["outcome"] == "passed"
    # It is a plugin like any other.
    project.write("sales_1.txt", "a\n")
    project.up()
    assert [job["status"] for job in project.jobs()] == ["COMPLETED"]
    assert "stays as it is" in project.refuse("new", "plugin", "sales", status=64)


def test_samples_with_parameters_several_topics_and_expected_errors(project):
    project.write_plugin("words", """
        from casparian_flow.sdk import BasePlugin

        class Handler(BasePlugin):
            def consume(self, event):
                text = open(event.path).read()
                if "bad" in text:
                    raise ValueError("a bad word")
                self.publish("lengths", [{"length": len(word)} for word in text.split()])
                yield [{"word": word * self.config.get("times", 1)} for word in text.split()]
        """)
    samples = project.plugins / "samples" / "words"
    for name, text in [("plain", "a bc"), ("twice", "a"), ("fails", "a bad one")]:
        (samples / name).mkdir(parents=True)
        (samples / name / "input.txt").write_text(text)
    (samples / "twice" / "parameters.json").write_text('{"times": 2}')
    rows = outcomes(project, "words", status=1)
    assert {row["outcome"] for row in rows.values()} == {"new"}
    assert any("words.py, line 8, in consume" in text for text in rows["words/fails"]["differences"])
    outcomes(project, "words", "--update")
    assert {row["outcome"] for row in outcomes(project, "words").values()} == {"passed"}
    plain = json.loads((samples / "plain" / "expected.json").read_text())["topics"]
    assert plain["output"] == {"columns": [["word", "string"]], "rows": [["a"], ["bc"]]}
    assert plain["lengths"] == {"columns": [["length", "int64"]], "rows": [["1"], ["2"]]}
    assert json.loads((samples / "twice" / "expected.json").read_text())["topics"]["output"]["rows"] == [["aa"]]
    assert json.loads((samples / "fails" / "expected.json").read_text()) == {"error": "ValueError: a bad word"}
    # A broken expectation is named, and mended by --update.
    (samples / "plain" / "expected.json").write_text("{")
    assert "plain/expected.json: is no JSON object" in project.refuse("test", "words", status=64)
    outcomes(project, "words", "--update")
    assert {row["outcome"] for row in outcomes(project, "words").values()} == {"passed"}


def test_a_plugin_is_run_by_its_file_from_anywhere(project, tmp_path):
    project.run("new", "plugin", "sales")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x.txt").write_text("one\n")
    said = project.run("run", project.plugins / "sales.py", "x.txt", "--preview", 3, folder=elsewhere)
    assert "one" in said and list(elsewhere.iterdir()) == [elsewhere / "x.txt"]
    assert "there are no samples of 'csv'" in project.refuse("test", "csv", status=64)
    assert "there is no plugin 'none'" in project.refuse("test", "none.py", status=64)


def test_a_previewed_run_tells_which_columns_are_otherwise_than_in_the_last_one(project):
    project.write_plugin("p", """
        class Handler:
            def execute(self, path):
                return [{"a": 1, "b": "x"}]
        """)
    path = project.write("a.txt", "x")
    assert "otherwise" not in project.run("run", "p", path, "--preview", 1)
    assert "otherwise" not in project.run("run", "p", path, "--preview", 1)
    project.write_plugin("p", """
        class Handler:
            def execute(self, path):
                return [{"a": "1", "c": 2.5}]
        """)
    told = project.run("run", "p", path, "--preview", 1)
    assert "output: - b" in told and "output: + c double" in told and "output: a int64 -> string" in told
