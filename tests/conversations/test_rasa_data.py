"""What Rasa itself checks of domain, examples, rules and stories."""

import os
import re
import subprocess
import sys

from bot.settings import PROJECT

# Rasa does not see that actions give responses by name, nor that one intent comes from pressed choices alone.
NO_FAULTS = r"The utterance 'utter_\w+' is not used in any story|The intent 'kies' is listed in the domain file"


def test_rasa_finds_no_fault_and_no_conflict() -> None:
    command = [sys.executable, "-m", "rasa", "data", "validate", "--max-history", "3"]
    quiet = os.environ | {"RASA_TELEMETRY_ENABLED": "false", "LOG_LEVEL": "INFO"}
    result = subprocess.run(command, cwd=PROJECT, env=quiet, capture_output=True, text=True)
    output = result.stdout + result.stderr
    warnings = [warning for warning in re.findall(r"UserWarning: (.*)", output) if not re.match(NO_FAULTS, warning)]
    assert not warnings
    assert result.returncode == 0, output
    assert "No story structure conflicts found" in output
