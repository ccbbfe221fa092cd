"""Reads a sheet as strangers do: qpdf (by pikepdf) judges the PDF, PDFium draws it, ZXing finds the codes on it and on images.

Paths come as JSON on standard input; what was found goes to standard output. Ends with 3 where a library is missing.
"""

import json
import sys

try:
    import pikepdf
    import pypdfium2
    import zxingcpp
    from PIL import Image
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(3)

# Pixels for each point of the page: 216 to the inch, as a telephone sees a sheet of paper.
SCALE = 3


def codes(image):
    found = zxingcpp.read_barcodes(image.convert("L"))
    return [{"format": str(code.format), "text": code.text} for code in found]


asked = json.load(sys.stdin)
with pikepdf.open(asked["pdf"]) as pdf:
    complaints = [str(complaint) for complaint in pdf.check_pdf_syntax()]
    complaints += [str(warning) for warning in pdf.get_warnings()]
drawn = pypdfium2.PdfDocument(asked["pdf"])
words = "\n".join(page.get_textpage().get_text_range() for page in drawn)
print(
    json.dumps(
        {
            "complaints": complaints,
            "pages": len(drawn),
            "words": words,
            "codes": [code for page in drawn for code in codes(page.render(scale=SCALE).to_pil())],
            "image": codes(Image.open(asked["image"])),
        }
    )
)
