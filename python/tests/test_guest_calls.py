"""What a guest calls on a plugin, and with what."""
import json

import pytest


def test_consume_gets_an_event_of_the_file_that_the_job_is_about(plugins, guest):
    plugins.write("eventful", """
        class Handler:
            def consume(self, event):
                return [{"path": event.path, "file_id": event.file_id, "type": event.event_type,
                         "job": event.metadata["job_id"], "class": type(event).__module__}]
        """)
    outcome = guest.run("eventful", "/data/ä b.csv", file_id=9, job_id=11)
    assert outcome.rows() == [
        {"path": "/data/ä b.csv", "file_id": 9, "type": "file_found", "job": 11, "class": "casparian_flow.sdk"}]


def test_consume_is_preferred_and_execute_gets_the_bare_path(plugins, guest):
    plugins.write("both", """
        class Handler:
            def consume(self, event):
                return [{"called": "consume"}]
            def execute(self, file_path):
                return [{"called": "execute"}]
        """)
    plugins.write_execute("one", "return [{'path': file_path, 'is_text': isinstance(file_path, str)}]")
    assert guest.run("both").rows() == [{"called": "consume"}]
    assert guest.run("one", "/data/x").rows() == [{"path": "/data/x", "is_text": True}]


@pytest.mark.parametrize("consume", [
    "raise NotImplementedError", "raise NotImplementedError\n                yield",
    "raise NotImplementedError('later')",
])
@pytest.mark.parametrize("base", ["", "(BasePlugin)"])
def test_consume_that_is_not_implemented_falls_back_to_execute(plugins, guest, consume, base):
    plugins.write("fallback", f"""
        from casparian_flow.sdk import BasePlugin

        class Handler{base}:
            def consume(self, event):
                {consume}
            def execute(self, file_path):
                yield [{{"path": file_path}}]
        """)
    assert guest.run("fallback", "/data/x").rows() == [{"path": "/data/x"}]


def test_a_base_plugin_with_execute_alone_has_it_called(plugins, guest):
    plugins.write("plain", """
        from casparian_flow.sdk import BasePlugin

        class Handler(BasePlugin):
            def execute(self, file_path):
                yield [{"path": file_path}]
        """)
    assert guest.run("plain", "/data/x").rows() == [{"path": "/data/x"}]


def test_consume_that_is_not_implemented_without_execute_fails_the_job(plugins, guest):
    plugins.write("neither", """
        from casparian_flow.sdk import BasePlugin

        class Handler(BasePlugin):
            pass
        """)
    outcome = guest.run("neither")
    assert not outcome.succeeded and outcome.report["code"] == "failed"
    assert "NotImplementedError" in outcome.message and "neither consume nor execute" in outcome.message


def test_not_implemented_after_the_first_table_is_a_failure_and_no_second_start(plugins, guest):
    plugins.write("late", """
        class Handler:
            def consume(self, event):
                yield [{"n": 1}]
                raise NotImplementedError("half way")
            def execute(self, file_path):
                yield [{"n": 2}]
        """)
    outcome = guest.run("late")
    assert not outcome.succeeded and "half way" in outcome.message
    assert outcome.rows() == [{"n": 1}]


def test_parameters_reach_configure_and_the_config_property(plugins, guest):
    plugins.write("configured", """
        from casparian_flow.sdk import BasePlugin

        class Handler(BasePlugin):
            def consume(self, event):
                return [{"delimiter": self.config["delimiter"], "n": self.config["n"]}]
        """)
    plugins.write("own", """
        from casparian_flow.sdk import BasePlugin

        class Handler(BasePlugin):
            def configure(self, ctx, config):
                self.seen = dict(config)   # the inherited method is not called
            def consume(self, event):
                self.publish("side", [self.seen])
                return [self.config]
        """)
    plugins.write("unrelated", """
        class Handler:
            def configure(self, ctx, config):
                self.ctx, self.handle = ctx, ctx.register_topic("side", default_uri="parquet://x.parquet")
                self.parameters = config
            def execute(self, file_path):
                self.ctx.publish(self.handle, [self.parameters])
        """)
    parameters = json.dumps({"delimiter": ";", "n": 3})
    expected = [{"delimiter": ";", "n": 3}]
    assert guest.run("configured", parameters=parameters).rows() == expected
    own = guest.run("own", parameters=parameters)
    assert own.rows() == expected and own.rows("side") == expected
    assert guest.run("unrelated", parameters=parameters).rows("side") == expected


def test_a_job_without_parameters_is_configured_with_an_empty_dict(plugins, guest):
    plugins.write("asker", """
        from casparian_flow.sdk import BasePlugin

        class Handler(BasePlugin):
            def consume(self, event):
                return [{"count": len(self.config)}]
        """)
    assert guest.run("asker").rows() == [{"count": 0}]


def test_a_context_gives_one_handle_for_one_topic_and_refuses_what_is_none(plugins, guest):
    plugins.write("handles", """
        from casparian_flow.interface import CaspContext

        class Handler:
            def configure(self, ctx, config):
                assert isinstance(ctx, CaspContext)
                self.ctx = ctx
            def execute(self, file_path):
                first, again, second = (self.ctx.register_topic(name) for name in ("a", "a", "b"))
                refused = []
                for call in (lambda: self.ctx.publish(second + 1, [{"n": 1}]), lambda: self.ctx.publish("a", []),
                             lambda: self.ctx.publish(-1, []), lambda: self.ctx.register_topic(""),
                             lambda: self.ctx.register_topic("x" * 256), lambda: self.ctx.register_topic(5)):
                    try:
                        call()
                    except ValueError:
                        refused.append(True)
                return [{"same": first == again, "differs": first != second, "refused": len(refused)}]
        """)
    outcome = guest.run("handles")
    assert outcome.rows() == [{"same": True, "differs": True, "refused": 6}]


def test_each_job_has_a_new_handler(plugins, guest):
    plugins.write("counter", """
        class Handler:
            count = 0
            def execute(self, file_path):
                self.count += 1
                return [{"count": self.count}]
        """)
    assert [guest.run("counter").rows()[0]["count"] for _ in range(3)] == [1, 1, 1]
