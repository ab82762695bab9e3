"""Words of addresses: directions, street suffixes as in USPS Publication 28 (appendix C1), states, and texts that name no place."""

from __future__ import annotations

import re

__all__ = [
    "DIRECTIONS",
    "FACILITIES",
    "LEADING",
    "NOT_A_PLACE",
    "NUMBERED",
    "ORDINALS",
    "PLAIN_SUFFIXES",
    "POSITIONS",
    "RAMPS",
    "STATES",
    "SUFFIXES",
    "TELLING",
    "UNIT_SUFFIXES",
]

DIRECTIONS = {
    "N": "N", "S": "S", "E": "E", "W": "W", "NE": "NE", "NW": "NW", "SE": "SE", "SW": "SW", "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W",
    "NORTHEAST": "NE", "NORTHWEST": "NW", "SOUTHEAST": "SE", "SOUTHWEST": "SW",
}  # fmt: skip

# Standard suffix -> the ways it is written. The 60 that make up nearly all streets, and those a dispatcher abbreviates in a way of his own (AV, PK, TN).
_SPELLINGS = {
    "ALY": "ALLEY ALLY ALY", "AVE": "AVENUE AVEN AVENU AVN AVNUE AVE AV", "BLVD": "BOULEVARD BOUL BOULV BLVD BL BLV", "BND": "BEND BND", "BR": "BRIDGE BRG BR",
    "BYP": "BYPASS BYP", "CIR": "CIRCLE CIRC CIRCL CIR CRCL CR", "CMNS": "COMMONS CMNS", "COR": "CORNER COR", "CRES": "CRESCENT CRES", "CRK": "CREEK CRK",
    "CRST": "CREST CRST", "CT": "COURT CT CRT", "CTR": "CENTER CENTRE CTR CNTR", "CTS": "COURTS CTS", "CV": "COVE CV", "DR": "DRIVE DR DRV DRIV", "EST": "ESTATE EST",
    "EXPY": "EXPRESSWAY EXPWY EXPY EXPR EXPW", "EXT": "EXTENSION EXT", "FWY": "FREEWAY FWY FRWY", "GDNS": "GARDENS GDNS", "GLN": "GLEN GLN", "GRN": "GREEN GRN",
    "GRV": "GROVE GRV", "HBR": "HARBOR HBR", "HL": "HILL HL", "HLS": "HILLS HLS", "HOLW": "HOLLOW HOLW", "HTS": "HEIGHTS HTS", "HWY": "HIGHWAY HWY HIWAY",
    "JCT": "JUNCTION JCT", "KNL": "KNOLL KNL", "KNLS": "KNOLLS KNLS", "LK": "LAKE LK", "LN": "LANE LN", "LNDG": "LANDING LNDG", "LOOP": "LOOP LP", "MALL": "MALL",
    "MDWS": "MEADOWS MDWS", "MNR": "MANOR MNR", "MT": "MOUNT MT", "MTWY": "MOTORWAY MTWY", "OVAL": "OVAL", "OVLK": "OVERLOOK OVLK", "PARK": "PARK PRK", "PASS": "PASS",
    "PATH": "PATH", "PIKE": "PIKE PK", "PKWY": "PARKWAY PKWY PKY PARKWY PWY", "PL": "PLACE PL", "PLZ": "PLAZA PLZ", "PT": "POINT PT", "RD": "ROAD RD", "RDG": "RIDGE RDG",
    "ROW": "ROW", "RUN": "RUN", "SPUR": "SPUR", "SQ": "SQUARE SQ SQR", "ST": "STREET ST STR STRT", "TER": "TERRACE TER TERR", "TPKE": "TURNPIKE TPKE TRNPK",
    "TRCE": "TRACE TRCE", "TRL": "TRAIL TRL TR", "TUNL": "TUNNEL TUNL TN", "VIS": "VISTA VIS", "VLY": "VALLEY VLY", "VW": "VIEW VW", "WALK": "WALK", "WAY": "WAY WY",
    "XING": "CROSSING XING",
}  # fmt: skip
SUFFIXES = {spelling: standard for standard, spellings in _SPELLINGS.items() for spelling in spellings.split()}

# More of appendix C1, without the words that as often end a name (SPRING, RIVER, MILL). They are put into one spelling at the end of a name, but they do not make a text a street: "OLD MISSION" is a building.
_RARE = {
    # Milwaukee and others write LA and WA.
    "LN": "LA", "WAY": "WA",
    "ANX": "ANNEX ANX", "ARC": "ARCADE ARC", "BLFS": "BLUFFS BLFS", "BYU": "BAYOU BYU",
    "CLFS": "CLIFFS CLFS", "CORS": "CORNERS CORS", "CRSE": "COURSE CRSE", "CSWY": "CAUSEWAY CSWY", "CURV": "CURVE CURV", "ESTS": "ESTATES ESTS",
    "FLDS": "FIELDS FLDS", "FLS": "FALLS FLS",
    "FRKS": "FORKS FRKS", "FRY": "FERRY FRY", "GTWY": "GATEWAY GTWY", "HBRS": "HARBORS HBRS", "HVN": "HAVEN HVN",
    "INLT": "INLET INLT", "ISLE": "ISLE", "ISS": "ISLANDS ISS", "LDG": "LODGE LDG", "LKS": "LAKES LKS",
    "MEWS": "MEWS", "MLS": "MILLS MLS", "OPAS": "OVERPASS OPAS", "ORCH": "ORCHARD ORCH",
    "PLNS": "PLAINS PLNS", "PNES": "PINES PNES", "PTS": "POINTS PTS",
    "RDGS": "RIDGES RDGS", "RNCH": "RANCH RNCH", "SHRS": "SHORES SHRS",
    "SKWY": "SKYWAY SKWY", "SPGS": "SPRINGS SPGS", "TRAK": "TRACK TRAK", "TRWY": "THROUGHWAY TRWY",
    "UPAS": "UNDERPASS UPAS", "VIA": "VIADUCT VIA", "VLG": "VILLAGE VLG", "WLS": "WELLS WLS",
}  # fmt: skip
PLAIN_SUFFIXES = {spelling: standard for standard, spellings in _RARE.items() for spelling in spellings.split()} | SUFFIXES

# A first word that is not a suffix but means the same: "AVE D", "AVDA DEL SOL".
LEADING = {"AV": "AVENUE", "AVE": "AVENUE", "AVDA": "AVENIDA", "CLL": "CALLE", "CLLE": "CALLE"}
_ONES = ["FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH", "SIXTH", "SEVENTH", "EIGHTH", "NINTH"]
_TEENS = [
    "TENTH",
    "ELEVENTH",
    "TWELFTH",
    "THIRTEENTH",
    "FOURTEENTH",
    "FIFTEENTH",
    "SIXTEENTH",
    "SEVENTEENTH",
    "EIGHTEENTH",
    "NINETEENTH",
    "TWENTIETH",
]
_TENS = ["TWENTY", "THIRTY", "FORTY", "FIFTY", "SIXTY", "SEVENTY", "EIGHTY", "NINETY"]
_ENDINGS = dict(zip(_ONES, ["1ST", "2ND", "3RD", *(f"{n}TH" for n in range(4, 10))], strict=True))
# Number words of streets: "FIRST AVE" is 1ST AVE, "TWENTY-THIRD ST" is 23RD ST.
ORDINALS = (
    _ENDINGS | {word: f"{n}TH" for n, word in enumerate(_TEENS, start=10)}
    | {f"{tens}-{one}": f"{n}{_ENDINGS[one]}" for n, tens in enumerate(_TENS, start=2) for one in _ONES}
    | {f"{tens[:-1]}IETH": f"{n}0TH" for n, tens in enumerate(_TENS, start=2)}
)  # fmt: skip

# Where in a house: what stands after the street is a unit of it.
POSITIONS = frozenset({"REAR", "FRONT", "FRNT", "UPPER", "UPPR", "UPR", "LOWER", "LOWR", "LWR", "BASEMENT", "BSMT", "LOBBY", "LBBY", "PENTHOUSE", "PH", "SIDE"})  # fmt: skip
# After these a lone letter is a flat; after a road it is the road's own name ("COUNTY RD A").
UNIT_SUFFIXES = frozenset({"AVE", "BLVD", "CIR", "CT", "DR", "LN", "PL", "ST", "TER", "WAY"})
# Words that tell of more than streets: a flat, a block, a milepost, two streets.
TELLING = frozenset(
    [
        "APARTMENT",
        "APT",
        "UNIT",
        "STE",
        "SUITE",
        "ROOM",
        "RM",
        "LOT",
        "FLOOR",
        "FLR",
        "FL",
        "BLDG",
        "BUILDING",
        "TRLR",
        "TRAILER",
        "SPC",
        "SPACE",
        "SP",
        "SLIP",
        "DEPT",
        "FLAT",
        "OFC",
        "BLOCK",
        "BLK",
        "BKL",
        "BLOCKS",
        "HF",
        "HUNDRED",
        "BOX",
        "REAR",
        "FRONT",
        "FRNT",
        "UPPER",
        "UPPR",
        "UPR",
        "LOWER",
        "LOWR",
        "LWR",
        "BASEMENT",
        "BSMT",
        "LOBBY",
        "LBBY",
        "PENTHOUSE",
        "PH",
        "SIDE",
    ]
)

# A text that ends so names a facility ("JOELTON COMMUNITY CENTER") unless a house number stands before it.
FACILITIES = frozenset({"BR", "CMNS", "CTR", "CTS", "EST", "GDNS", "HTS", "MALL", "MNR", "PARK", "PLZ", "SQ"})
# Suffixes of streets that bear a number: "5 AV S" is a street, "12 HARBOR ST" is a house.
NUMBERED = frozenset({"ALY", "AVE", "BLVD", "CIR", "CT", "DR", "LN", "PKWY", "PL", "RD", "ST", "TER", "WAY"})
# What may follow a numbered street's name in an intersection with a ramp, a bridge or a tunnel.
RAMPS = frozenset({"NB", "SB", "EB", "WB", "ON", "OFF", "RP", "RAMP", "TURN", "BR", "ET", "TN", "VI"})

STATES = frozenset({
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS",
    "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC",
    "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY",
})  # fmt: skip

NOT_A_PLACE = re.compile(
    r"^(?:NULL|NONE|NAN|N/?A|UNK(?:NOWN)?(?:\s.*)?|NO (?:LOCATION|ADDRESS|LOC)\b.*|NOT (?:GIVEN|KNOWN|AVAILABLE|PROVIDED|APPLICABLE)|VARIOUS.*|CITY ?WIDE|"
    r"UNVERIFIED|TBD|(?=[\dX])\d{0,6}X{0,3}[ -]?(?:BLOCK|BLK|BKL)(?: OF)?|CONFIDENTIAL|REDACTED|WITHHELD|\?+|-+|X+|0+|OUT OF (?:AREA|CITY|COUNTY|JURISDICTION)|"
    r"(?:P ?O ?|POST OFFICE )?BOX #?\d+|LL ?\(.*|LAT\b.*\d.*\bLON.*|-?\d{1,3}\.\d+[\s,]+-?\d{1,3}\.\d+|(?:\d+(?:\.\d+)?|\d+ ?/ ?\d+) MI(?:LES?)? .*)$"
)
