# Several runs side by side: bars of time, energy, cost, carbon and utilisation.
#
# dcsim compare writes the bars, a row per run (its name, then one column per panel), and says in
# the settings how many runs there are, whether their names must be slanted to fit, and each panel's
# title with its unit (bar_title).

set multiplot
columns = |bar_title| > 3 ? 3 : |bar_title|
rows = (|bar_title| + columns - 1) / columns
width = 1.0 / columns
height = 0.97 / rows

unset key
set style fill solid 0.9 noborder
set boxwidth 0.7
set xrange [0.4:runs + 0.6]
set yrange [0:*]
set offsets graph 0, graph 0, graph 0.05, graph 0
set format y '%g'
if (slanted) { set xtics rotate by 60 right }

do for [k = 1:|bar_title|] {
	left = ((k - 1) % columns) * width
	upper = 0.985 - int((k - 1) / columns) * height
	set lmargin at screen left + 0.065
	set rmargin at screen left + width - 0.015
	set tmargin at screen upper - 0.045
	set bmargin at screen upper - height + (slanted ? 0.16 : 0.06)
	set title bar_title[k] font ',14' offset 0,-0.4
	plot bars using (column(0) + 1):(column(k + 1)):xticlabels(1) with boxes \
		linecolor rgb colour[1]
}
unset multiplot
set output
