// One map from the data beside it. Every word of the data becomes text, never markup.
(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("sara-data").textContent);
  var STEP = 1e5, map = null;
  var spoken = document.getElementById("spoken");

  function make(tag, words, parent, cls) {
    var node = document.createElement(tag);
    if (words !== undefined && words !== null) { node.textContent = words; }
    if (cls) { node.className = cls; }
    if (parent) { parent.appendChild(node); }
    return node;
  }

  function escaped(words) { return make("i", words).innerHTML; }

  // Steps of 1/100,000 of a degree from the point before.
  function points(flat) {
    var x = 0, y = 0, out = [];
    for (var i = 0; i < flat.length; i += 2) {
      x += flat[i]; y += flat[i + 1];
      out.push([data.south + y / STEP, data.west + x / STEP]);
    }
    return out;
  }

  function nested(shape) { return typeof shape[0] === "number" ? points(shape) : shape.map(nested); }

  function hatched(style) {
    var canvas = document.createElement("canvas"), ctx = canvas.getContext("2d"), size = 7;
    canvas.width = canvas.height = size;
    if (style.fill) { ctx.fillStyle = style.fill; ctx.fillRect(0, 0, size, size); }
    ctx.strokeStyle = ctx.fillStyle = style.ink || "#6e6e6e";
    ctx.lineWidth = 1;
    ctx.beginPath();
    if (style.hatch === "dots") { ctx.arc(size / 2, size / 2, 0.9, 0, 7); ctx.fill(); return ctx.createPattern(canvas, "repeat"); }
    var up = style.hatch === "up";
    [-size, 0, size].forEach(function (k) {
      ctx.moveTo(k, up ? size : 0); ctx.lineTo(k + size, up ? 0 : size);
    });
    ctx.stroke();
    return ctx.createPattern(canvas, "repeat");
  }

  function look(style) {
    return {
      color: style.line || style.fill || "#595959", weight: style.width === undefined ? 0.5 : style.width, opacity: style.opacity || 1,
      stroke: style.width !== 0, fill: Boolean(style.fill || style.hatch), fillOpacity: style.alpha === undefined ? 1 : style.alpha,
      fillColor: style.hatch ? hatched(style) : style.fill, radius: style.radius || 4
    };
  }

  function told(layer, row) {
    var box = make("div", null, null, "told"), first = layer.words[0], table;
    make("strong", layer.rows[row][0], box);
    table = make("table", null, box);
    for (var k = 1; k < layer.words.length; k += 1) {
      var value = layer.rows[row][k];
      if (value === null || value === "") { continue; }
      var line = make("tr", null, table);
      make("th", layer.words[k], line).scope = "row";
      make("td", typeof value === "number" ? value.toLocaleString("en-US") : value, line);
    }
    box.setAttribute("aria-label", first);
    return box;
  }

  function start() {
    var overlays = {}, all = L.latLngBounds([]), looks = data.styles.map(look), chosen = null, listed = [];
    map = L.map("map", {
      preferCanvas: true, attributionControl: false, zoomSnap: 0.25, zoomDelta: 1, maxZoom: 20,
      renderer: L.canvas({ padding: 0.4, tolerance: 4 })
    });

    function unmark() { if (chosen) { chosen.shape.setStyle(chosen.look); chosen = null; } }

    function mark(shape, style) {
      unmark();
      chosen = { shape: shape, look: { color: style.color, weight: style.weight, stroke: style.stroke } };
      shape.setStyle({ color: "#000000", weight: Math.max(2.5, style.weight + 1.5), stroke: true });
    }

    function open(layer, row, shape, style, at) {
      var content = told(layer, row);
      mark(shape, style);
      L.popup({ maxWidth: 300 }).setLatLng(at).setContent(content).openOn(map);
      spoken.textContent = Array.prototype.map.call(content.querySelectorAll("strong, tr"), function (node) {
        return Array.prototype.map.call(node.children.length ? node.children : [node], function (part) { return part.textContent; }).join(" ");
      }).join(", ");
    }

    data.layers.forEach(function (layer) {
      var group = L.layerGroup();
      layer.shapes.forEach(function (packed, row) {
        var style = looks[layer.looks[row]], latlngs = nested(packed), shape, options;
        options = L.extend({ interactive: Boolean(layer.words) }, style);
        if (layer.kind === "point") { shape = L.circleMarker(latlngs[0], options); }
        else if (layer.kind === "line") { shape = L.polyline(latlngs, L.extend(options, { fill: false })); }
        else { shape = L.polygon(latlngs, options); }
        group.addLayer(shape);
        all.extend(shape.getBounds ? shape.getBounds() : shape.getLatLng());
        if (layer.words) {
          shape.on("click", function (event) { open(layer, row, shape, style, event.latlng); L.DomEvent.stop(event); });
          if (layer.listed && row < layer.listed) { listed.push([layer, row, shape, style]); }
        }
      });
      if (layer.shown) { group.addTo(map); }
      if (layer.name) { overlays[escaped(layer.name)] = group; }
    });
    map.on("popupclose", unmark);

    // Names of areas, each only while its area is wider than its name.
    var names = (data.names || []).map(function (item) {
      var at = points(item.at)[0], low = points(item.low)[0], high = points(item.high)[0];
      var icon = L.divIcon({ className: "name", html: make("span", item.name), iconSize: null });
      return { marker: L.marker(at, { icon: icon, interactive: false, keyboard: false }), low: low, high: high, wide: item.name.length * 6 + 4 };
    });
    function letter() {
      var taken = [];
      names.forEach(function (item) {
        var a = map.latLngToContainerPoint(item.low), b = map.latLngToContainerPoint(item.high);
        var at = map.latLngToContainerPoint(item.marker.getLatLng()), half = item.wide / 2;
        var free = b.x - a.x > item.wide && a.y - b.y > 14 && taken.every(function (t) {
          return Math.abs(t[0] - at.x) > t[1] + half || Math.abs(t[2] - at.y) > 14;
        });
        if (free) { taken.push([at.x, half, at.y]); item.marker.addTo(map); } else { item.marker.remove(); }
      });
    }

    var control = L.control.layers(null, overlays, { collapsed: false });
    if (Object.keys(overlays).length > 1) { control.addTo(map); }
    L.control.scale({ maxWidth: 130 }).addTo(map);

    if (data.legend.entries.length) {
      var Legend = L.Control.extend({
        options: { position: "bottomright" },
        onAdd: function () {
          var box = make("details", null, null, "legend");
          box.open = true;
          make("summary", data.legend.title, box);
          data.legend.entries.forEach(function (entry) {
            var line = make("div", null, box), patch = make("canvas", null, line), ctx = patch.getContext("2d"), style = entry[0];
            patch.width = 22; patch.height = 13;
            ctx.globalAlpha = style.alpha === undefined ? 1 : style.alpha;
            if (style.stroke) { ctx.strokeStyle = style.line; ctx.lineWidth = style.stroke; ctx.moveTo(0, 6.5); ctx.lineTo(22, 6.5); ctx.stroke(); }
            else if (style.radius) { ctx.fillStyle = style.fill; ctx.arc(11, 6.5, Math.min(6, style.radius), 0, 7); ctx.fill(); }
            else {
              ctx.fillStyle = style.hatch ? hatched(style) : style.fill; ctx.fillRect(0, 0, 22, 13);
              ctx.globalAlpha = 1; ctx.strokeStyle = "#595959"; ctx.strokeRect(0.5, 0.5, 21, 12);
            }
            make("span", entry[1], line);
          });
          L.DomEvent.disableClickPropagation(box);
          return box;
        }
      });
      map.addControl(new Legend());
    }

    // The list is the way in for the keyboard and for readers of the screen.
    var list = document.getElementById("places");
    listed.forEach(function (item) {
      var layer = item[0], row = item[1], line = make("li", null, list);
      var button = make("button", layer.rows[row][0], line);
      button.type = "button";
      button.addEventListener("click", function () {
        var shape = item[2], bounds = shape.getBounds ? shape.getBounds() : L.latLngBounds([shape.getLatLng(), shape.getLatLng()]);
        map.fitBounds(bounds.pad(0.6), { maxZoom: 17, animate: false });
        open(layer, row, shape, item[3], bounds.getCenter());
      });
    });
    if (!listed.length) { list.parentNode.remove(); }

    var whole = data.view ? L.latLngBounds(points(data.view)) : all;
    map.fitBounds(whole.pad(0.02), { animate: false });
    map.setMinZoom(map.getZoom() - 2);
    map.setMaxBounds(whole.pad(1.5));
    map.on("zoomend", letter);
    letter();
    Array.prototype.forEach.call(document.querySelectorAll(".legend"), function (box) { box.open = map.getSize().y > 260; });
    document.documentElement.setAttribute("data-drawn", String(data.layers.length));
  }

  // In a closed part of a page a map has no size until that is opened.
  var place = document.getElementById("map");
  function sized() {
    if (!place.clientWidth || !place.clientHeight) { return; }
    if (map) { map.invalidateSize({ animate: false }); } else { start(); }
  }
  sized();
  if (window.ResizeObserver) { new ResizeObserver(function () { window.requestAnimationFrame(sized); }).observe(place); } else { window.addEventListener("resize", sized); }
})();
