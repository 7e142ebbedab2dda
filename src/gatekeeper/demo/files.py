"""The files that are attached to the demo's first mail."""

from __future__ import annotations

BUDGET_CSV = (
    b"line,item,planned,spent\n"
    b"1,Printing,4200,3980\n"
    b"2,Postage,1150,1204\n"
    b"3,Travel,2600,1875\n"
    b"4,Rooms,900,900\n"
    b"5,Photography,1400,0\n"
    b"6,Translation,800,640\n"
)

INVITATION_ICS = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example.com//Mail//EN\r\nBEGIN:VEVENT\r\n"
    b"UID:thursday@northwind.example\r\nDTSTAMP:20260101T080000Z\r\nDTSTART:20260101T090000Z\r\n"
    b"DTEND:20260101T110000Z\r\nSUMMARY:Thursday meeting\r\nLOCATION:Small room\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)

POSTER_SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 420 594" width="420" height="594">
<rect width="420" height="594" fill="#f4efe6"/>
<circle cx="210" cy="240" r="128" fill="#e9a13b"/>
<path d="M0 318q52-34 105 0t105 0 105 0 105 0v276H0z" fill="#1d4e74"/>
<path d="M0 372q52-34 105 0t105 0 105 0 105 0v222H0z" fill="#163c5a"/>
<text x="40" y="500" font-family="Georgia, serif" font-size="44" fill="#f4efe6">Harbour Days</text>
<text x="40" y="540" font-family="Georgia, serif" font-size="20" fill="#f4efe6">Music, boats and a long table</text>
</svg>
"""


def _pdf(lines: list[str]) -> bytes:
    """Return a PDF of one A4 page with the lines as text (ISO 32000-1 §7.5: header, objects, table, trailer)."""
    text = "BT /F1 20 Tf 72 750 Td 30 TL " + " ".join(f"({line}) Tj T* /F1 12 Tf 20 TL" for line in lines) + " ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
            "/Resources << /Font << /F1 4 0 R >> >> >>"
        ),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
    ]
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode("ascii")


AGENDA_PDF = _pdf(
    [
        "Agenda for Thursday",
        "1   Budget of the second quarter   (Lucia, 30 min)",
        "2   Print run of the poster   (Ingrid, 20 min)",
        "3   Coffee",
        "4   Who writes what until when   (all, 40 min)",
        "5   Anything else",
    ]
)

FILES = {
    "Agenda Thursday.pdf": ("application/pdf", AGENDA_PDF),
    "Meeting.ics": ("text/calendar", INVITATION_ICS),
    "budget-draft-2.csv": ("text/csv", BUDGET_CSV),
    "poster-proof.svg": ("image/svg+xml", POSTER_SVG),
}
