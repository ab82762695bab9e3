"""Words of addresses: directions, street suffixes as in USPS Publication 28 (appendix C1), states, and texts that name no place."""

from __future__ import annotations

import re

__all__ = ["DIRECTIONS", "FACILITIES", "NOT_A_PLACE", "NUMBERED", "RAMPS", "STATES", "SUFFIXES"]

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

# A text that ends so names a facility ("JOELTON COMMUNITY CENTER") unless a house number stands before it.
FACILITIES = frozenset({"BR", "CMNS", "CTR", "CTS", "EST", "GDNS", "HTS", "MALL", "MNR", "PARK", "PLZ", "SQ"})
# Suffixes of streets that bear a number: "5 AV S" is a street, "12 HARBOR ST" is a house.
NUMBERED = frozenset({"ALY", "AVE", "BLVD", "CIR", "CT", "DR", "LN", "PKWY", "PL", "RD", "ST", "TER", "WAY"})
# What may follow a numbered street's name in an intersection with a ramp, a bridge or a tunnel.
RAMPS = frozenset({"NB", "SB", "EB", "WB", "ON", "OFF", "RP", "RAMP", "BR", "ET", "TN", "VI"})

STATES = frozenset({
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS",
    "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC",
    "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY",
})  # fmt: skip

NOT_A_PLACE = re.compile(
    r"^(?:NULL|NONE|NAN|N/?A|UNK(?:NOWN)?(?:\s.*)?|NO (?:LOCATION|ADDRESS|LOC)\b.*|NOT (?:GIVEN|KNOWN|AVAILABLE|PROVIDED|APPLICABLE)|VARIOUS.*|CITY ?WIDE|"
    r"UNVERIFIED|TBD|CONFIDENTIAL|REDACTED|WITHHELD|\?+|-+|X+|0+|OUT OF (?:AREA|CITY|COUNTY|JURISDICTION))$"
)
