# One iteration: operations over time, stage below stage; below it, where the time went.
#
# dcsim plot --timeline writes the data and says, in the settings, the rectangles of each role (a block
# of `pieces` each, role_number, role_light and role_title), the beds of the lanes and their names (lanes,
# lane_ticks), the numbers of micro-batches where they fit, and the parts of the bars (a block of `bars`
# each, part_colour and part_title). Rows of rectangles: middle, left and right, low and high.

# other, forward, backward, optimizer, gradients, gather, activations
array role_colour[7] = ['#999999', '#0072B2', '#009E73', '#E69F00', '#D55E00', '#CC79A7', '#56B4E9']
array light_colour[7] = ['#BBBBBB', '#4D9CC9', '#4DBB9D', '#EEBC66', '#E38E4D', '#DBA1C1', '#89CBF0']
fill(k) = role_light[k] ? light_colour[1 + role_number[k] % 7] : role_colour[1 + role_number[k] % 7]

set multiplot
set label 1 run_title at screen 0.5,0.975 center font ',15'
set lmargin at screen 0.115
set rmargin at screen 0.965
set tmargin at screen 0.885
set bmargin at screen has_bars ? 0.325 : 0.085
set border 1
unset grid
set title chart_title font ',12' offset 0,1.2
set key at screen 0.965,0.915 right top horizontal Left reverse samplen 1.2 width 1
set xrange [0:time_end]
set yrange [lanes_end:0]
eval 'set ytics (' . lane_ticks . ') scale 0 font ",9"'
set xlabel 'time since the start of the iteration [' . time_unit . ']' offset 0,0.4
if (iteration_end > 0) {
	set arrow 1 from iteration_end, graph 0 to iteration_end, graph 1 nohead dashtype 2 \
		linecolor rgb '#444444' front
}
set style fill solid 1 noborder
if (has_numbers) {
	plot lanes using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#EEEEEE' notitle, \
	     for [k = 1:|role_title|] pieces index k - 1 using 1:2:3:4:5:6 with boxxyerror \
		fillstyle solid 1 border linecolor rgb '#FFFFFF' linewidth 0.3 \
		fillcolor rgb fill(k) title role_title[k], \
	     numbers using 1:2:3 with labels font ',8' textcolor rgb '#FFFFFF' notitle
} else {
	plot lanes using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#EEEEEE' notitle, \
	     for [k = 1:|role_title|] pieces index k - 1 using 1:2:3:4:5:6 with boxxyerror \
		fillcolor rgb fill(k) title role_title[k]
}
unset arrow
unset label 1
unset title

if (has_bars) {
	set tmargin at screen 0.190
	set bmargin at screen 0.070
	set key at screen 0.965,0.245 right top horizontal Left reverse samplen 1.2 width 1
	set xrange [0:bars_end]
	set yrange [2:0]
	eval 'set ytics (' . bars_ticks . ') scale 0 font ",9"'
	set xlabel 'time of an iteration, mean over ranks [' . bars_unit . ']' offset 0,0.4
	plot for [k = 1:|part_title|] bars index k - 1 using 1:2:3:4:5:6 with boxxyerror \
		fillcolor rgb colour[part_colour[k]] title part_title[k], \
	     for [k = 1:|part_title|] bars index k - 1 using 1:2:7 with labels font ',9' \
		textcolor rgb (part_colour[k] == 7 ? '#222222' : '#FFFFFF') notitle
}
unset multiplot
set output
