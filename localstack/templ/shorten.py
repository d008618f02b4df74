"""Shortens the code that templ makes: it writes out, at each of some 1,200 texts, what one
function can do (writeText), and at each the place for an error that no text of ours has. Both
together are 0.4 MiB of the function, which may have 14 (Y10)."""
import re
import sys

PLACE = re.compile(r"return templ\.Error\{Err: templ_7745c5c3_Err, .*\}$", re.M)
TEXT = re.compile(
    r"\tvar (templ_7745c5c3_Var\d+) string\n"
    r"\s*\1, templ_7745c5c3_Err = templ\.JoinStringErrs\((.*)\)\n"
    r"\s*if templ_7745c5c3_Err != nil \{\n\s*return templ_7745c5c3_Err\n\s*\}\n"
    r"\s*_, templ_7745c5c3_Err = templ_7745c5c3_Buffer\.WriteString\(templ\.EscapeString\(\1\)\)\n"
)

# What follows a text is nearly always a piece of markup.
THEN = re.compile(
    r"(\ttempl_7745c5c3_Err = writeText\(templ_7745c5c3_Buffer, .*)\)\n"
    r"\s*if templ_7745c5c3_Err != nil \{\n\s*return templ_7745c5c3_Err\n\s*\}\n"
    r"\s*templ_7745c5c3_Err = templruntime\.WriteString\(templ_7745c5c3_Buffer, \d+, (\".*\")\)\n"
)

for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        made = file.read()
    short = PLACE.sub("return templ_7745c5c3_Err", made)
    short = TEXT.sub(r"\ttempl_7745c5c3_Err = writeText(templ_7745c5c3_Buffer, \2)\n", short)
    short = THEN.sub(r"\1, \2)\n", short)
    if short != made:
        with open(path, "w", encoding="utf-8") as file:
            file.write(short)
