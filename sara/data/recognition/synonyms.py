"""What publishers call their columns.

Names are compared as lower-case words joined by ``_`` ("Event.Clearance.Code" -> "event_clearance_code", "MapX" -> "map_x"). Each field has
patterns with a score from 0 to 1: how sure the name alone makes one. The whole name must match.
"""

from __future__ import annotations

__all__ = ["ABBREVIATIONS", "NEVER", "SYNONYMS"]

_W = r"(?:[a-z0-9]+_)*"  # any words before
_T = r"(?:_[a-z0-9]+)*"  # any words after
_WHEN = r"(?:date_?time|datetime|dt_time|date|time|dt|dttm|dtm|timestamp|time_?stamp|ts|at|on)"

SYNONYMS: dict[str, tuple[tuple[str, float], ...]] = {
    "id": (
        (r"id", 0.95),
        (
            r"(?:case_enquiry|service_request|event|incident|call|cad_event|cad|request|case|sr|csr|ticket|crime|complaint|dispatch|nopd|record|report)_?(?:report_?)?(?:id|number|num|no|nbr|item|key)",
            0.97,
        ),
        (
            r"(?:servicerequestnum|servicerequestnumber|incidentnumber|callnumber|eventnumber|casenumber|master_incident_number|incident|uid|unique_key|unique_id|uniqueid|apno|dr_no|sr|cfs_?(?:id|no|num|number)|event_?num|inc_?(?:id|no|num|number)|call_?no|callid)",
            0.9,
        ),
        (
            r"(?:cad_incident|police_incident|general_offense|agency_incident|computer_aided_dispatch|cad_cfs|cad_call|calls?_for_service|cfs|master_incident|incident_event|event_incident|service_call|call_incident)_?(?:id|number|num|no)",
            0.85,
        ),
        (
            r"(?:report|offense|go|occurrence|control|file|reference|ref|tracking|master|internal_report|nibrs_report|ccn|ir)_?(?:id|number|num|no|nbr)",
            0.6,
        ),
        (
            r"(?:[a-z]+_)*(?:incident|call|event|case|service_request|request|sr|ticket|report)(?:_(?:entry|sr|request|report|master|record))+_(?:id|number|no|key)",
            0.8,
        ),
        (rf"{_W}(?:number|no|num|nbr|id|key|primary_key|nbr_id)", 0.45),
        (r"(?:objectid|object_id|fid|gid|row_?id|record_?id|oid|global_?id|pk|key|index)", 0.3),
    ),
    "received": (
        (r"(?:call_?)?(?:received|recieved|rcvd)" + rf"(?:_?{_WHEN})?", 0.97),
        (
            rf"(?:{_WHEN}|call_{_WHEN}|call|event_{_WHEN}|incident_{_WHEN})_?(?:received|recieved|rcvd|rec|recd)(?:_local|_central|_est)?",
            0.97,
        ),
        (
            rf"(?:create|created|creation|open|opened|entry|entered|reported|report|requested|request|submitted|queued|queue|initiated|add|added|intake|logged|complaint){_T}_?{_WHEN}",
            0.9,
        ),
        (
            rf"{_WHEN}_?(?:create|created|opened|open|entered|reported|report|requested|submitted|queued|initiated|added|of_call|of_report|of_request|call|filed)(?:_local)?",
            0.9,
        ),
        (
            rf"(?:sr|call|event|incident|case|first|original|initial|ticket|service_request|request)_(?:create|created|creation|open|opened|entry|reported|report|requested|queued|time_queued|{_WHEN}_queued|received){_T}",
            0.85,
        ),
        (rf"(?:date|time)_(?:[a-z]+_)+received|alarm_{_WHEN}", 0.85),
        (
            r"(?:(?:time_)?phone_pick_?up(?:_time)?|timecreate|calldatetime|call_?date_?time|call_dttm|calltime|createddate|opendate|createdate|requested_datetime|original_time_queued|timereceived|entrydate|called_at|call_at|time_?of_?call)",
            0.95,
        ),
        (rf"(?:create|created)_(?:{_WHEN})_(?:incident|call)", 0.95),
        (
            rf"{_W}(?:report|reported|call|created|create|open|opened|entered|received|request|requested|creation|alarm){_T}_?{_WHEN}(?:_{_WHEN})?",
            0.6,
        ),
        (rf"{_W}{_WHEN}_?(?:report|reported|call|created|opened|entered|received|requested|creation){_T}", 0.55),
        (
            r"(?:call_date|call_time|calldate|event_create"
            + _T
            + r"|created|opened|reported|requested|received_at|create_time_incident|createdtime)",
            0.85,
        ),
    ),
    "dispatched": (
        (rf"{_W}(?:dispatch|dispatched|disp)(?:_?{_WHEN})(?:_.*)?", 0.92),
        (rf"(?:{_WHEN}_?)(?:dispatch|dispatched|disp|first_unit_dispatched|first_unit_assigned|first_dispatch(?:ed)?)", 0.95),
        # Short for a disposition as well: the content tells.
        (r"disp", 0.65),
        (
            r"(?:timedispatch|timedispatched|dispatchtime|dispatchdatetime|dispatched|dispatch_created_date|first_dispatch|dispatch_date)",
            0.95,
        ),
        (rf"{_W}(?:assigned|assign)_?{_WHEN}{_T}", 0.5),
    ),
    "arrived": (
        (rf"{_W}(?:arrive|arrived|arrival|arv|onscene|on_scene|at_scene|onsite|scene)(?:_?{_WHEN})(?:_.*)?", 0.92),
        (rf"(?:{_WHEN}_?)(?:arrive|arrived|arrival|onscene|on_scene|at_scene|first_unit_arrived|first_unit_onscene)", 0.95),
        (r"(?:arrival|timearrive|timearrival|arrivaltime|arrived|onscenetime|arrivetime|first_on_scene|arrivaldatetime)", 0.95),
        # "arr" is also short for an arrest.
        (rf"arr|{_W}arr_{_WHEN}|{_WHEN}_arr", 0.65),
    ),
    "closed": (
        (
            rf"{_W}(?:close|closed|closing|clear|cleared|completed|completion|complete|resolved|resolution|finished|clearance|available)_?{_WHEN}{_T}",
            0.93,
        ),
        (
            rf"{_WHEN}_?(?:(?:call|incident|event|case|last_unit|unit|request|sr)_)?(?:close|closed|clear|cleared|completed|complete|resolved|finished|end|ended|call_cleared)",
            0.93,
        ),
        (
            r"(?:timeclosed|timeclose|closeddate|closedate|closetime|closed|cleared|clear|finished|closedtime|cleartime|end_?time|endtime|call_closed|time_end|call_cleared|clear_time|completed|completiondate|resolved)",
            0.9,
        ),
        (rf"{_W}(?:last_unit_cleared|cleared|closed|completed|resolved)_?{_WHEN}", 0.9),
        (r"(?:updated_datetime|updateddate|last_updated_at|status_date|updated_?date)", 0.3),
    ),
    "time": (
        (
            r"(?:time|datetime|date_time|date_and_time|time_stamp|timestamp|event_time|eventtime|incident_time|incident_date_time|incident_datetime|event_date_time|event_datetime)",
            0.9,
        ),
        (
            r"(?:date|incident_date|event_date|incidentdate|eventdate|inc_date|dt|when|occurred|occurred_at|occur_?date|occ_date|occurrence_date|date_occ|date_of_incident|crime_date|crimedate|offense_date)",
            0.8,
        ),
        (
            rf"(?:date|time|datetime|from|start|begin|occur|occurred|occurrence|occ|offense|crime|incident|event|first)_?(?:from|occurred|occ|of_occurrence|of_offense|of_event|of_incident|start|begin|date|time|datetime|occurrence|occur|occured){_T}",
            0.7,
        ),
        (rf"{_W}(?:occurred|occurrence|occur|incident|offense|crime|event)_{_WHEN}{_T}", 0.65),
        (rf"(?:complaint|occurred|occ|occurrence|incident|offense)_(?:from|start)_{_WHEN}", 0.92),
        (r"[a-z]+_(?:date_time|datetime|date|dt|timestamp)", 0.42),
        (
            r"(?:timestamp_?local|event_start_date|fromdate|start_?date|start_?time|timestart|start_date_time|occured_on|occurred_on|committed|response_(?:date|datetime|date_time))",
            0.6,
        ),
    ),
    "time_to": (
        (rf"{_W}(?:occurrence|occurred|occur|offense|incident|event|crime|complaint)_(?:to|end|thru|until)_{_WHEN}", 0.85),
        (
            rf"(?:{_WHEN}|occurred|occurrence|occur|offense|incident|event|crime)_?(?:to|end|ended|latest|thru|through)(?:_{_WHEN})?",
            0.8,
        ),
        (rf"(?:to|end|latest|thru|through)_{_WHEN}", 0.5),
        (rf"(?:occurred|occurrence|occur|incident|offense|complaint)_(?:to|end|thru|through){_T}", 0.8),
        (r"(?:time_to|todate|date_to|upper_?date)", 0.85),
    ),
    "type": (
        (
            r"(?:call_type|calltype|call_type_text|call_type_desc(?:ription)?|call_type_final_d(?:esc)?|type_?text|typetext|nature|nature_of_call|call_nature|event_type|eventtype|incident_type|incidenttype|descriptor|call_description|calldescription|type_of_call)",
            0.97,
        ),
        (
            r"(?:initial|original|orig|final|primary|cad|dispatch|event|incident|call|problem|request|service|complaint|sr|case|crime|offense|reported)_?(?:call_?)?(?:type|nature|problem|crimetype|crime_type)_?(?:name|desc|description|text|d)?",
            0.93,
        ),
        (
            r"type|problem|problem_?type|service_name|sr_type_desc|request_type|issue_type|issue|signal_description|tencode_description|10_code_description|radio_code_description|call_category|incident_type_desc|eventtypedesc|typedesc|type_desc|type_description|service_type|servicetype|requesttype|request_category|crime_type|offense_type|case_title",
            0.9,
        ),
        (
            r"(?:tencode|signal|code|radio_code|event_code|disposition_type|incident_type|call_code|nature)_?(?:desc|description|text|name)",
            0.85,
        ),
        (
            r"(?:description|desc|case_desc|offense|offense_desc|offense_description|charge|charge_desc|crime|crimetype|primary_type|title|codedescription|incident|category_description|offenses|ucr_desc|nibrs_desc|crime_code_description|crm_cd_desc|incident_description|event_description|offensedescription|offense_name|offense_type_name|crime_description|call_desc)",
            0.75,
        ),
        (
            r"(?:naturecodedesc|nature_code_desc(?:ription)?|sr_desc(?:ription)?|service_request_desc(?:ription)?|ucr_[0-9]_desc(?:ription)?)",
            0.94,
        ),
        (
            r"(?:description_1|kind|reason|subject|name|what_is_the_nature_of_this_code_violation|call_type_code|type_code|calltypecode|crime_category|pd_desc|ofns_desc|nature_code|violation|violation_type)",
            0.6,
        ),
        (r"(?:incident|event|call)_(?:c[0-9]|kind|class|reason|subtype)|acti_nom|activity|activity_name", 0.75),
        (r"type_(?:of_)?(?:the_)?(?:incident|call|crime|offense|request|complaint|event|report|problem)(?:_type)?", 0.9),
        (r"(?:nature|problem|call_type|type)_(?:final|initial|original|reported|1|of_incident|of_problem)", 0.85),
        (rf"{_W}(?:type|nature|offense|crime|problem){_T}_?(?:desc|description|name|text)", 0.7),
        (rf"(?:{_W}type|type_)", 0.45),
    ),
    "group": (
        (
            r"(?:group|call_group|category|call_category|event_clearance_group|initial_type_group|crime_category|type_group|complaint_type|type_of_service_request|initialtypetext|primary_type|reason|service_category|group_description|request_group|incident_category|offense_category|offensecategory|offense_category_id|parent_incident_type|event_group|sr_category|case_category|call_type_group|class)",
            0.8,
        ),
        (rf"{_W}(?:group|category|class){_T}", 0.5),
    ),
    "category": ((r"category", 0.2),),
    "origin": (
        (
            r"(?:origin|call_?source|source_of_call|call_origin|initiated_by|initiatedby|self_?init(?:iated)?|officer_?init(?:iated)?|is_officer_initiated|call_initiation|how_received|source_description|call_?sourced?|officer_initiated_yn|call_initiated_by|onview|on_view|onview_flag|on_view_flag|cfs_source|event_source|source_desc|selfinitiated)",
            0.9,
        ),
    ),
    "channel": (
        (
            r"(?:channel|source|method_received|method_of_contact|how_?received|intake_method|contact_method|request_source|case_source|open_data_channel_type|submission_method|method|origin_channel|report_method|mode_reported|media|reported_by_method|source_of_request|channel_type|sr_method_received_desc|receivedvia|received_via|methodreceived|method_received_desc|service_request_source|sr_source)",
            0.85,
        ),
    ),
    "priority": (
        (
            r"(?:priority|call_priority|callpriority|priority_description|event_priority|incident_priority|priority_?level|final_priority|initial_priority|priority_desc|priority_code|pri|priority_final|call_priority_code|severity|urgency|priority_number|prioritynumber)",
            0.95,
        ),
        (rf"{_W}priority{_T}", 0.8),
    ),
    "disposition": (
        (
            r"(?:disposition|disposition_desc(?:ription)?|disposition_text|dispositiontext|call_disposition|event_disposition|incident_disposition|final_disposition|primary_disposition|case_status|sr_status_desc|status_desc(?:ription)?|event_clearance_description|clearance_description|disp|close_code_description|outcome|final_dispo|dispo|call_final_disposition|primary_disposition_description|disposition_description|dispositiondescription)",
            0.92,
        ),
        (
            r"(?:status|disposition_code|dispositioncode|clearance|clearance_code|close_code|closecode|result|resolution|resolution_description|status_notes|case_disposition|ticket_status|current_status|final_disposition_code|request_status|incident_status|dispo_code|ucr_disposition)",
            0.75,
        ),
        (rf"{_W}(?:disposition|outcome|resolution)_?(?:text|desc|description|category|name)", 0.95),
        (rf"{_W}(?:disposition|outcome_category)", 0.85),
        (rf"{_W}(?:disposition|outcome|status){_T}|[a-z]{{0,3}}_?disposi(?:t|ti|tio|tion)", 0.6),
    ),
    "language": ((r"(?:language|caller_language|lang|preferred_language|language_spoken|spoken_language)", 0.95),),
    "caller": ((r"(?:caller|caller_id|callerid|reporter|reporter_id|caller_key|complainant_id|caller_hash|requester_id)", 0.95),),
    "lon": (
        (
            r"(?:lon|long|lng|longitude|longitude_wgs84|lon_wgs84|x_long|long_x|longitude_x|gps_longitude|centroid_lon|point_lon|start_lng)",
            0.97,
        ),
        (rf"{_W}(?:lon|long|lng|longitude){_T}", 0.85),
        (r"(?:mapx|map_x|x_?coord(?:inate)?|point_x|x|geo_?x|gps_?x|xcoord)", 0.35),
    ),
    "lat": (
        (
            r"(?:lat|latitude|latitude_wgs84|lat_wgs84|lat_y|y_lat|latitude_y|gps_latitude|centroid_lat|point_lat|start_lat|lattitude)",
            0.97,
        ),
        (rf"{_W}(?:lat|latitude){_T}", 0.85),
        (r"(?:mapy|map_y|y_?coord(?:inate)?|point_y|y|geo_?y|gps_?y|ycoord)", 0.35),
    ),
    "x": (
        (
            r"(?:x|x_?coord(?:inate)?|x_coordina|xcoord|mapx|map_x|point_x|geo_?x|easting|east|x_cord|xcoordinate|coord_x|coordinate_x|x_rd|geox|x_coordinate_state_plane|state_plane_x|sr_location_x|gps_?x|loc_?x|x_value|xpos)",
            0.95,
        ),
        (r"(?:[a-z0-9]+_)+(?:x|x_?coord|x_coordinate)(?:_[a-z0-9]+)*|(?:x|x_?coord)(?:_[a-z0-9]+)+", 0.7),
    ),
    "y": (
        (
            r"(?:y|y_?coord(?:inate)?|y_coordina|ycoord|mapy|map_y|point_y|geo_?y|northing|north|y_cord|ycoordinate|coord_y|coordinate_y|y_rd|geoy|y_coordinate_state_plane|state_plane_y|sr_location_y|gps_?y|loc_?y|y_value|ypos)",
            0.95,
        ),
        (r"(?:[a-z0-9]+_)+(?:y|y_?coord|y_coordinate)(?:_[a-z0-9]+)*|(?:y|y_?coord)(?:_[a-z0-9]+)+", 0.7),
    ),
    "point": (
        (
            r"(?:point|geom|geometry|wkt|wkb|geo_?point|the_geom|location_1|location1|geolocation|geocoded_column|lat_?long?|latlng|coordinates|location_point|georeference|new_georeferenced_column|geo_?location|geocoded_location|intersection_point|case_location|gps|mapped_location|latitude_longitude|lat_lon|shape)",
            0.85,
        ),
        (r"(?:location|block_location|incident_location|address_point|geo|sr_location_lat_long|map_location)", 0.45),
    ),
    "address": (
        (
            r"(?:address|block_address|incident_address|street_address|addr|hundred_block|hundred_block_location|block_location|location_address|full_address|address_1|address1|address_text|address_public|incidentaddress|blockaddress|location_text|incidentlocation|incident_location|blockizedaddress|block_ized_address|public_address|call_address|event_address|location_description_street|hundredblock|hundredblockaddr|100_block_addr|geo_address|match_address|intersection)",
            0.92,
        ),
        (r"block|address_x", 0.8),
        (
            r"(?:location|loc|place|where|common_name|common_location|street|street_name|house_street|formatted_street|addressline|location_street_name|sr_location|call_location|event_location|address_location|location_name|street_block|city_block)",
            0.75,
        ),
        (rf"{_W}(?:address|addr|block)(?:_[a-z0-9]+)?", 0.6),
        (
            rf"(?:street|location|loc|cross_street|on_street|road)_?(?:1|one|a|name)?|{_W}(?:location|loc)_?1?|on_street_name|street_?name",
            0.5,
        ),
    ),
    "place": ((r"place", 0.5),),
    "area": (
        (
            r"(?:area|neighborhood|neighbourhood|neighborhood_name|neighborhoods|community_area|police_?beat|beat|beat_name|patrol_?beat|incident_beat|beatnumber|reporting_area|area_name|community_board)",
            0.9,
        ),
        (
            r"(?:police_?district|policedistrict|police_district_name|police_precinct|precinct|district|sector|zone|division|zone_beat|district_sector|patrol_?(?:district|area|division|zone)|reporting_district|rpt_dist|rd|grid|twp|township|dispatch_?area|team_?area|area_occ|community|pra|rpa)",
            0.85,
        ),
        (rf"{_W}(?:beat|neighborhood|neighbourhood|precinct|sector|districts?){_T}|ward|council_district", 0.6),
        (
            r"(?:battalion|jurisdiction|municipality|muni|county|locality|suburb|lsoa_name|lsoa_code|borough_name|borough_nm|addr_pct_cd|(?:response|patrol|police|dispatch|command|planning|statistical)_?area|parish|division_name|atom|subdivision|village|reporting_area_name|neigh|nbhd|hood|hood_140|hood_158|neighbourhood_[0-9]+|community_name|quadrant|uptown_downtown|(?:.*_)?dist_(?:cd|code|no|number|name)|station_area|(?:fire|police)_station|station)",
            0.5,
        ),
        (r"(?:agency|agency_code|department_name|fire_department_name|falls_within|jurisdiction_name)", 0.4),
        (
            r"(?:zip|zip_?code|zipcode|postal_code|incident_zip|location_zipcode|census_tract|census_tra|city|borough|region|location_zip)",
            0.4,
        ),
    ),
    "text": (
        (
            r"(?:text|narrative|comments?|notes?|remarks?|details|complaint_text|free_text|message|additional_(?:comments|details|info)|call_notes|request_description|customer_comments|public_comments|body|synopsis|summary|complaint|issue_description|description_of_issue|status_notes|long_description|resident_comments)",
            0.85,
        ),
        (r"(?:description|desc)", 0.45),
    ),
}

# Columns that say when a row was written or changed, how long something took, or what part of a date it was: never a time of the event.
NEVER: dict[str, str] = {
    "id": r"(?:.*_)?(?:day|week|month|year|hour|phone|fax|badge|officer|employee|unit|house|street|block|school|ward|district|beat|precinct|zone|sector|tract|building|parcel|bin|bbl|apartment|floor|lot|account|license|route|model|serial|station|person|suspect|victim|caller|user|vehicle|plate|tag_no|zip|community|borough|agency|location|address|status|state|county|neighborhood|area|region|department|code_cd|priority|version|total|number_of|num_of|count)(?:_.*)?",
    "time": r"(?:.*_)?(?:scrap\w*|fetch\w*|retriev\w*|crawl\w*|snapshot\w*|ingest\w*|download\w*|import\w*|process\w*|batch|etl|rundate|run_date|file_date|sync\w*|sys|built|install\w*|hire\w*|updat\w*|modif\w*|edit\w*|load\w*|extract\w*|refresh\w*|publish\w*|last|insert\w*|upload\w*|export\w*|as_of|expir\w*|due|target|birth|dob|anticipated|scheduled|est|estimated|duration|elapsed|mins?|minutes?|secs?|seconds|response|travel|interval|range|day_of|of_day|of_week|hours?|month|year|week|day|timezone|number|num|nbr|no|id|by|type|code|desc|description|status|reason|method|source|flag|count|qy|indc|name|key|cd)(?:_.*)?",
    "place": r"(?:.*_)?(?:fire|cid|person|officer|suspect|victim|arrestee|photo|url|link|assessor|owner|party|mailing|contact|applicant|responsible|business|home|email|ip|cross|type)(?:_.*)?",
    "type": r"(?:.*_)?(?:x?st|suffix|location|loc|prem(?:ises?)?|street|addr|vehicle|weapon|property|unit|person|geo|channel|source|disposition|address|file|media|zone|number|count|method|license|business|payment|account|school|injury|victim|road|light|weather|surface|collision|building|permit|work|space|pre|post|unittype|rate|total|mixed)(?:_.*)?",
}

# Words that publishers shorten.
ABBREVIATIONS: dict[str, str] = {
    "cmplnt": "complaint", "fr": "from", "tm": "time", "rpt": "report", "num": "number", "nbr": "number", "inc": "incident", "descr": "description",
    "evt": "event", "rcvd": "received", "rcv": "received", "recv": "received", "recd": "received", "dsp": "disp", "dispd": "dispatched", "dispatchd": "dispatched", "arv": "arrived", "arrv": "arrived", "arvd": "arrived", "arrvd": "arrived", "arrivd": "arrived", "clr": "cleared", "clrd": "cleared", "clsd": "closed", "closng": "closing", "dspo": "disposition", "typ": "type", "sfx": "suffix", "init": "initiated", "occured": "occurred", "rec": "received", "boro": "borough", "offence": "offense", "offences": "offenses", "occurence": "occurrence", "recvd": "received", "dispo": "disposition", "addrss": "address", "cordinate": "coordinate", "neighbourhood": "neighborhood", "neighbourhoods": "neighborhoods", "addres": "address", "addrs": "address", "lattitude": "latitude", "longtitude": "longitude", "recieved": "received", "dispatched_": "dispatched", "prio": "priority", "descrip": "description", "desc1": "description_1", "occr": "occurred", "crim": "crime", "dttm": "dttm", "hndrd": "hundred", "blk": "block", "dist": "dist",
}  # fmt: skip
