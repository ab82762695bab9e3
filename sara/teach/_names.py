"""Words of the map: street names, neighbourhoods, facilities."""

from __future__ import annotations

AVENUES = (
    "ADAMS ASH BARTON BIRCH CALHOUN CEDAR CHESTNUT CLAY DELANO DOGWOOD ELM EMERSON FILLMORE FOREST GRANT GREENE HARRISON HAWTHORNE "
    "HICKORY IRVING JACKSON JUNIPER KEARNEY LARCH LINDEN LOCUST MADISON MAPLE MONROE OAK OLIVE PERRY PINE POLK POPLAR QUINCY REDBUD ROWAN "
    "SPRUCE SYCAMORE TAYLOR TYLER VIRGINIA WALNUT WEBSTER WILLOW YORK ZIMMER ALDER BEECH CYPRESS FULTON"
).split()
STATES = (
    "OHIO IOWA INDIANA KANSAS MISSOURI NEBRASKA KENTUCKY TENNESSEE GEORGIA ALABAMA DELAWARE MARYLAND VERMONT MAINE NEVADA UTAH "
    "DAKOTA COLORADO TEXAS ARKANSAS LOUISIANA MONTANA WYOMING OREGON IDAHO ARIZONA CAROLINA FLORIDA MICHIGAN WISCONSIN"
).split()
TRADES = (
    "MARKET COOPER FERRY CHANDLER WHARF GRANARY TANNER SADDLER BAKER LANTERN CANAL WEAVER SMITHY POTTER MASON DYER GLOVER FOUNDRY "
    "EXCHANGE COURT CHAPEL BELL THIMBLE CORDAGE"
).split()
PRAIRIE = (
    "BLUESTEM SWITCHGRASS CONEFLOWER MEADOWLARK GOLDFINCH COTTONWOOD BOBOLINK PRIMROSE SAGE CLOVER KESTREL SUNDROP INDIGO YARROW "
    "MILKWEED WINDFLOWER HARRIER KILLDEER LUPINE TRILLIUM ASTER LARKSPUR BITTERN THISTLE"
).split()

# name: seed point (metres from the centre), bank, household income, share speaking each language at home, share of true incidents that are reported
NEIGHBORHOODS: dict[str, tuple[tuple[float, float], str, int, tuple[float, float, float], float]] = {
    "Old Town": ((150, 60), "north", 52000, (0.09, 0.02, 0.04), 0.72),
    "Mill District": ((-1050, 150), "north", 47000, (0.11, 0.03, 0.04), 0.70),
    "College Hill": ((-1500, 1650), "north", 39000, (0.08, 0.03, 0.08), 0.72),
    "Maple Heights": ((-2650, 2300), "north", 71000, (0.05, 0.01, 0.03), 0.78),
    "Westlake": ((-3400, 1150), "north", 66000, (0.06, 0.02, 0.03), 0.76),
    "Northgate": ((-350, 2750), "north", 58000, (0.08, 0.02, 0.04), 0.74),
    "Garden District": ((300, 1350), "north", 76000, (0.05, 0.01, 0.04), 0.79),
    "Fairview": ((1700, 2200), "north", 62000, (0.07, 0.02, 0.04), 0.76),
    "Prairie Crossing": ((3300, 2150), "north", 94000, (0.05, 0.02, 0.06), 0.80),
    "Eastfield": ((3300, 750), "north", 55000, (0.10, 0.02, 0.04), 0.72),
    "Riverbend": ((1750, 350), "north", 49000, (0.12, 0.03, 0.04), 0.70),
    "South Bank": ((-450, -1500), "south", 46000, (0.15, 0.04, 0.04), 0.68),
    "Station Quarter": ((1050, -1750), "south", 44000, (0.14, 0.05, 0.05), 0.69),
    "Rosewood": ((-200, -2700), "south", 34000, (0.58, 0.02, 0.03), 0.36),
    "Brickyard": ((-2100, -1700), "south", 32000, (0.16, 0.31, 0.13), 0.40),
    "Lincoln Park": ((-2900, -500), "south", 53000, (0.12, 0.04, 0.04), 0.72),
    "Meadowbrook": ((2350, -2350), "south", 61000, (0.09, 0.02, 0.04), 0.75),
    "Eastgate": ((3600, -900), "south", 50000, (0.13, 0.03, 0.05), 0.70),
}

BAR_NAMES = (
    "The Rusty Anchor|Ferryman's Rest|Lantern Room|Copper Still|Blue Heron Tap|The Tow Path|Night Barge|Wharf House|Granary Bar|Millrace Tavern|"
    "The Long Plank|Sycamore Lounge|Northgate Social|Plainsman|Corner Pocket|Eastfield Alehouse|Station Bar|Switchyard|The Semaphore|Brick & Barrel|"
    "Campus Cellar|Quad Pub|South Bank Taproom|Levee Club|Two Rivers|Fiddler's Green|Westlake Grill|The Paddock|Meadow Tap|Gate House|Roundhouse|"
    "The Sandbar|Driftwood|Kingfisher|Pilot House|Bend Tavern|The Keel|Oxbow|Riverside Lounge|Old Scale House"
).split("|")
