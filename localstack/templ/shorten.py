"""Shortens the code that templ makes: it writes out, at each of some 1,200 texts, 550 attributes
and 290 components, what one function can do for all of them (writeText, writeAttribute, writeURL
and templated in pkg/portal/write.go), and at each the place for an error that no text of ours has.
All together are 0.7 MiB of the function, which may have 14 (Y10)."""
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

ATTRIBUTE = re.compile(
    r"\tvar (templ_7745c5c3_Var\d+) string\n"
    r"\s*\1, templ_7745c5c3_Err = (templruntime\.NewAttributeExpression\(.*\))\.Resolve(URL)?\(ctx\)\n"
    r"\s*if templ_7745c5c3_Err != nil \{\n\s*return templ_7745c5c3_Err\n\s*\}\n"
    r"\s*_, templ_7745c5c3_Err = templ_7745c5c3_Buffer\.WriteString\(\1\)\n"
    r"\s*if templ_7745c5c3_Err != nil \{\n\s*return templ_7745c5c3_Err\n\s*\}\n"
    r"\s*templ_7745c5c3_Err = templruntime\.WriteString\(templ_7745c5c3_Buffer, \d+, (\".*\")\)\n"
)

COMPONENT = re.compile(
    r"templruntime\.GeneratedTemplate\(func\(templ_7745c5c3_Input templruntime\.GeneratedComponentInput\) \(templ_7745c5c3_Err error\) \{\n"
    r"\s*templ_7745c5c3_W, ctx := templ_7745c5c3_Input\.Writer, templ_7745c5c3_Input\.Context\n"
    r"(?:\s*if templ_7745c5c3_CtxErr := ctx\.Err\(\); templ_7745c5c3_CtxErr != nil \{\n\s*return templ_7745c5c3_CtxErr\n\s*\}\n)?"
    r"\s*templ_7745c5c3_Buffer, templ_7745c5c3_IsBuffer := templruntime\.GetBuffer\(templ_7745c5c3_W\)\n"
    r"\s*if !templ_7745c5c3_IsBuffer \{\n\s*defer func\(\) \{\n.*\n.*\n.*\n\s*\}\n\s*\}\(\)\n\s*\}\n"
    r"\s*ctx = templ\.InitializeContext\(ctx\)\n"
)

# A buffer remembers the first error and gives it back when it is flushed, so that nobody needs to
# look at each write.
CHECK = r"\n\s*if templ_7745c5c3_Err != nil \{\n\s*return templ_7745c5c3_Err\n\s*\}\n"
MARKUP = re.compile(r"templ_7745c5c3_Err = templruntime\.WriteString\(templ_7745c5c3_Buffer, \d+, (\".*\")\)" + CHECK)
# A text in an attribute is escaped as one between elements.
LABEL = re.compile(r"templ_7745c5c3_Err = writeAttribute\(ctx, templ_7745c5c3_Buffer, templruntime\.NewAttributeExpression\((v\.T\(\"[^\"]*\"\))\), (\".*\")\)" + CHECK)
WRITTEN = re.compile(r"templ_7745c5c3_Err = (writeText\(templ_7745c5c3_Buffer, .*\))" + CHECK)

for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        made = file.read()
    short = PLACE.sub("return templ_7745c5c3_Err", made)
    short = TEXT.sub(r"\ttempl_7745c5c3_Err = writeText(templ_7745c5c3_Buffer, \2)\n", short)
    short = THEN.sub(r"\1, \2)\n", short)
    short = ATTRIBUTE.sub(lambda m: f"\ttempl_7745c5c3_Err = write{'URL' if m[3] else 'Attribute'}(ctx, templ_7745c5c3_Buffer, {m[2]}, {m[4]})\n", short)
    short = COMPONENT.sub("templated(func(ctx rendering, templ_7745c5c3_Buffer *templruntime.Buffer) (templ_7745c5c3_Err error) {\n", short)
    short = LABEL.sub(r"writeText(templ_7745c5c3_Buffer, \1, \2)\n", short)
    short = WRITTEN.sub(r"\1\n", short)
    short = MARKUP.sub(r"writeMarkup(templ_7745c5c3_Buffer, \1)\n", short)
    if short != made:
        with open(path, "w", encoding="utf-8") as file:
            file.write(short)
