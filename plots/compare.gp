# Several runs side by side: bars of time, energy, cost, carbon and utilisation.
#
# dcsim compare writes the bars, a row per run (its name, then for each panel a bar's height, the
# height of the words above it, and these), and says in the settings how many runs there are, whether their names must be
# slanted and the values upright to fit, whether a run was interrupted, and each panel's title with
# its unit (bar_title).

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
set offsets graph 0, graph 0, graph (upright ? 0.2 : 0.1), graph 0
set format y '%g'
if (slanted) { set xtics rotate by 60 right }

value_place = upright ? 'rotate left offset 0,0.4' : 'center offset 0,0.6'
if (interrupted) {
	set label 1 '* interrupted: the part that was run' at screen 0.985,0.02 right
}

do for [k = 1:|bar_title|] {
	left = ((k - 1) % columns) * width
	upper = 0.985 - int((k - 1) / columns) * height
	set lmargin at screen left + 0.065
	set rmargin at screen left + width - 0.015
	set tmargin at screen upper - 0.045
	set bmargin at screen upper - height + (slanted ? 0.16 : 0.06)
	set title bar_title[k] font ',14' offset 0,-0.4
	plot bars using (column(0) + 1):(column(3 * k - 1)):xticlabels(1) with boxes \
		linecolor rgb colour[1], \
	     bars using (column(0) + 1):(column(3 * k)):(stringcolumn(3 * k + 1)) with labels \
		@value_place font ',10'
	unset label 1
}
unset multiplot
set output
