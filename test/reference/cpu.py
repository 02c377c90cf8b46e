"""The processor as far as it decides the last bits; cpu.ts says why. The same text on both sides."""

import re


def cpu():
    try:
        text = open("/proc/cpuinfo").read()
    except OSError:
        return ""

    def field(name):
        found = re.search(rf"^{name}\s*: (.*)$", text, re.M)
        return found.group(1).strip() if found else ""

    vectors = sorted(flag for flag in field("flags").split(" ") if re.match(r"avx|amx|fma", flag))
    return " ".join([field("vendor_id"), field("cpu family"), field("model"), field("cache size"), *vectors])
