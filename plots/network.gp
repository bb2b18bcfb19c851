# A network alone: time and bus bandwidth of collectives by size; how busy links are over time.
#
# dcsim plot writes the data and says, in the settings, what there is (has_curve, has_heat), the words
# of each curve (curve_title) and of the ticks of size (size_ticks), the links drawn (heat_name, of which every heat_name_every-th is named)
# and the size of the map's cells (heat_step).

panels = 2 * has_curve + has_heat
top = has_curve ? 0.930 : 0.905
bottom = 0.085
gap = 0.100
height = (top - bottom - gap * (panels - 1)) / panels
panel = 0

set multiplot
set label 1 run_title at screen 0.5,0.970 center font ',15'
set rmargin at screen 0.965

if (has_curve) {
	set lmargin at screen 0.090
	set logscale x 2
	eval 'set xtics (' . size_ticks . ')'
	set xlabel 'size' offset 0,0.4
	set grid xtics
	set offsets graph 0.04, graph 0.04, graph 0.1, graph 0
	set pointsize 0.8

	panel = panel + 1
	edge = top - (panel - 1) * (height + gap)
	set tmargin at screen edge
	set bmargin at screen edge - height
	set logscale y 10
	set format y '%.0s %cs'
	set ylabel 'time' offset 0
	set key top left Left reverse samplen 2.5 spacing 1.15
	plot for [k = 1:|curve_title|] curve index k - 1 using 1:2 with linespoints linewidth 2 \
		pointtype 7 linecolor rgb colour[k] title curve_title[k], \
	     for [k = 1:|curve_title|] curve index k - 1 using 1:2:4 with labels left \
		offset -0.5,-1.0 font ',9' textcolor rgb colour[k] notitle
	unset label 1
	unset logscale y

	panel = panel + 1
	edge = top - (panel - 1) * (height + gap)
	set tmargin at screen edge
	set bmargin at screen edge - height
	set format y '%g'
	set ylabel 'busbw [GB/s]' offset 0
	set yrange [0:*]
	set key top left
	plot for [k = 1:|curve_title|] curve index k - 1 using 1:3 with linespoints linewidth 2 \
		pointtype 7 linecolor rgb colour[k] title curve_title[k]
	unset logscale x
	set xtics autofreq
	unset offsets
	unset grid
	set yrange [*:*]
}

if (has_heat) {
	panel = panel + 1
	edge = top - (panel - 1) * (height + gap)
	set tmargin at screen edge
	set bmargin at screen edge - height
	set lmargin at screen 0.190
	set rmargin at screen 0.880
	unset key
	unset grid
	set format x '%g'
	set xlabel 'time since the start [' . heat_unit . ']' offset 0,0.4
	unset ylabel
	set title 'utilisation of links (' . heat_title . ')' font ',12' offset 0,-0.6
	set xrange [0:heat_end]
	set yrange [heat_links - 0.5:-0.5]
	set ytics ()
	do for [k = 1:heat_links:heat_name_every] {
		set ytics add (heat_name[k] k - 1) font ',9'
	}
	set palette defined (0 '#F7F7F7', 0.4 '#56B4E9', 0.75 '#0072B2', 1 '#3B0F5C')
	set cbrange [0:100]
	set cblabel 'capacity used [%]'
	plot heat matrix using ((column(1) + 0.5) * heat_step):2:3 with image
	unset label 1
}

unset multiplot
set output
