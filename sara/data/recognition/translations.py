"""Words of published headers in Spanish, French, German, Dutch, Portuguese and Italian, in English.

A header is translated word by word before it is looked up, so that every pattern for English serves all of them. Words that mean something
else in English are translated only where two other headers of the table are foreign beyond doubt.
"""

from __future__ import annotations

__all__ = ["FOREIGN", "FOREIGN_IF_OTHERS"]

_BY_ENGLISH = {
    "date": "fecha datum", "time": "hora heure uhrzeit zeit tijd tijdstip horario orario", "date_time": "fechahora fecha_hora datumtijd datum_uhrzeit zeitpunkt zeitstempel",
    "hour": "stunde uur", "type": "tipo tipologia soort typ", "call": "llamada llamado appel anruf oproep chamada chiamata", "incident": "accidente unfall ongeval acidente incidente vorfall einsatz voorval hecho evenement intervention",
    "incident_type": "stichwort einsatzart motivo rubrica natureza naturaleza", "offense": "delito delikt straftat infraction crimen misdrijf reato crime_type",
    "address": "direccion adresse domicilio anschrift adres endereco indirizzo ubicacion standort", "street": "calle rue strasse straat logradouro rua calle_nombre",
    "house_number": "hausnummer huisnummer numero_exterior altura", "neighborhood": "barrio colonia quartier ortsteil stadtteil wijk buurt bairro quartiere localidad planungsraum lor",
    "district": "distrito alcaldia arrondissement bezirk stadsdeel delegacion comisaria circoscrizione departamento municipio_nombre", "municipality": "municipio gemeente gemeinde ville cidade",
    "zip": "plz codigo_postal code_postal postleitzahl postcode cep cap_code", "priority": "prioridad priorite prioritaet prioritat prioriteit prioridade priorita dringlichkeit urgencia",
    "status": "estatus statut situacao bearbeitungsstatus situacion dernier_statut", "disposition": "codigo_cierre desenlace resolucion abschluss",
    "channel": "tipo_entrada canal meldeweg kanal provenance provenance_originale medio canale bron herkunft fuente fonte", "description": "descripcion beschreibung omschrijving descricao descrizione sachverhalt",
    "lat": "latitud latitude breitengrad geo_breite breedtegraad latitudine", "lon": "longitud laengengrad langengrad geo_laenge lengtegraad longitudine",
    "created": "creacion creation angelegt erstellt aangemaakt criacao creazione apertura alta registro erfasst", "closed": "cierre cloture erledigt abgeschlossen afgesloten afgehandeld encerramento chiusura fermeture fechamento",
    "received": "recepcion recibido eingang eingegangen ontvangen recebido recebimento ricezione recu", "dispatched": "despacho alarmierung envio", "arrived": "llegada arrivee ankunft eintreffen aankomst chegada arrivo",
    "reported": "reporte denuncia meldung gemeldet melding gemeld segnalazione signalement", "occurrence": "ocurrencia ocorrencia tatzeit suceso sucedido accadimento hechos",
    "start": "inicio debut anfang beginn begin inizio", "end": "fin ende einde fim termino", "request": "solicitud demande anfrage aanvraag solicitacao richiesta",
    "complaint": "queja plainte beschwerde klacht reclamo reclamacao denuncia_ciudadana", "category": "categoria kategorie categorie", "subcategory": "subcategoria unterkategorie",
    "id": "folio kennung vorgangsnummer identifiant identificador aktenzeichen number_bo expediente meldungsnummer meldingsnummer zaaknummer einsatznummer referentienummer numero_de_dossier protocolo protocollo id_unique", "number": "numero nummer num_bo nro", "name": "nombre nom nome",
    "reason": "motif grund reden", "subject": "betreff asunto argomento onderwerp assunto", "easting": "rechtswert ostwert", "northing": "hochwert nordwert", "on": "am", "day": "dia jour tag dag giorno", "month": "mes mois monat maand mese", "year": "ano annee jahr jaar anno",
    "": "apurada de del la le du des der die das van het do da di",
}  # fmt: skip

FOREIGN: dict[str, str] = {}
# English, or common enough in it, to be translated on sight.
_ENGLISH_TOO = frozenset(
    {"am", "typ", "begin", "crime_type", "canal", "alta", "medio", "fin", "ende", "registro", "adresse", "intervention", "tag", "mes", "ano", "ville",
     "latitude", "creation", "do", "da", "di", "la", "le", "des", "die", "das", "van", "het", "de", "del", "du", "der", "infraction", "altura",
     "status", "dag", "envio", "hecho", "hechos", "lor", "numero", "nom", "departamento", "provenance", "postcode", "reden", "quartier", "denuncia"}
)  # fmt: skip
FOREIGN_IF_OTHERS: dict[str, str] = {
    "data": "date", "art": "type", "ort": "location", "via": "street", "ora": "time", "stato": "status", "comune": "municipality", "estado": "status",
    "nature": "type", "objet": "type", "referencia": "id", "codigo": "code", "code": "code", "zona": "zone", "sector": "sector", "lieu": "location", "lugar": "location", "local": "location",
}  # fmt: skip
for _english, _others in _BY_ENGLISH.items():
    for _word in _others.split():
        (FOREIGN_IF_OTHERS if _word in _ENGLISH_TOO else FOREIGN)[_word] = _english
