# One run over time: power by part with PUE, utilisation, temperatures, use of accelerators' time.
#
# dcsim plot writes the data and says, in the settings, which panels there are (has_*), which
# columns of the data to draw (*_column), the colour of each (*_line) and its words in the key
# (*_title). With clock, the axis of time shows the calendar from clock_start on.

panels = has_power + has_utilisation + has_temperature + has_split
if (panels == 0) { panels = 1 }

top = 0.930
bottom = clock ? 0.095 : 0.075
gap = 0.030
height = (top - bottom - gap * (panels - 1)) / panels
panel = 0

set multiplot
set label 1 run_title at screen 0.5,0.970 center font ',15'

set lmargin at screen 0.075
set rmargin at screen 0.725
if (clock) {
	moment(t) = clock_start + t
	x_format = clock_format
	x_label = 'local standard time'
	set format x x_format timedate
	if (clock_step) { set xtics clock_step }
} else {
	moment(t) = t / time_size
	x_format = '%g'
	x_label = 'time since the start [' . time_unit . ']'
}
set xrange [moment(0):moment(time_end)]
set key at screen 0.800,0.5 left top Left reverse samplen 2.5 spacing 1.15
set style fill solid 0.85 noborder

if (has_power) {
	panel = panel + 1
	edge = top - (panel - 1) * (height + gap)
	set tmargin at screen edge
	set bmargin at screen edge - height
	set key at screen 0.800,edge
	set ylabel 'power [' . power_unit . ']' offset 1
	set yrange [0:*]
	set format x panel == panels ? x_format : ''
	if (panel == panels) { set xlabel x_label }
	if (has_pue) {
		set y2label 'PUE' offset -1.5
		set y2tics nomirror pue_step
		set y2range [1:1.5<*]
		set border 11
		plot for [k = |power_column|:1:-1] power skip 1 using (moment(column(1))): \
			((sum [j = 1:k] column(power_column[j])) / power_size) \
			with filledcurves y1=0 linecolor rgb colour[1 + (power_line[k] - 1) % 8] \
			title power_title[k], \
		     pue skip 1 using (moment(column(1))):(column(pue_column[1])) axes x1y2 \
			with lines linewidth 2 linecolor rgb '#000000' title 'PUE (right axis)'
		unset y2label
		unset y2tics
		set border 3
	} else {
		plot for [k = |power_column|:1:-1] power skip 1 using (moment(column(1))): \
			((sum [j = 1:k] column(power_column[j])) / power_size) \
			with filledcurves y1=0 linecolor rgb colour[1 + (power_line[k] - 1) % 8] \
			title power_title[k]
	}
	unset label 1
}

if (has_utilisation) {
	panel = panel + 1
	edge = top - (panel - 1) * (height + gap)
	set tmargin at screen edge
	set bmargin at screen edge - height
	set key at screen 0.800,edge
	set ylabel 'utilisation [%]' offset 1
	set yrange [0:100]
	set format x panel == panels ? x_format : ''
	if (panel == panels) { set xlabel x_label }
	plot for [k = 1:|utilisation_column|] utilisation skip 1 \
		using (moment(column(1))):(100 * column(utilisation_column[k])) \
		with lines linewidth 2 linecolor rgb colour[utilisation_line[k]] \
		title utilisation_title[k]
	unset label 1
}

if (has_temperature) {
	panel = panel + 1
	edge = top - (panel - 1) * (height + gap)
	set tmargin at screen edge
	set bmargin at screen edge - height
	set key at screen 0.800,edge
	set ylabel 'temperature [°C]' offset 1
	set yrange [*:*]
	set offsets graph 0, graph 0, graph 0.08, graph 0.08
	set format x panel == panels ? x_format : ''
	if (panel == panels) { set xlabel x_label }
	plot for [k = 1:|temperature_column|] temperature skip 1 \
		using (moment(column(1))):(column(temperature_column[k])) with lines \
		linewidth 2 linecolor rgb colour[temperature_line[k]] title temperature_title[k]
	unset offsets
	unset label 1
}

if (has_split) {
	panel = panel + 1
	edge = top - (panel - 1) * (height + gap)
	set tmargin at screen edge
	set bmargin at screen edge - height
	set key at screen 0.800,edge
	set ylabel 'iteration time [%]' offset 1
	set yrange [0:100]
	set format x panel == panels ? x_format : ''
	if (panel == panels) { set xlabel x_label }
	plot for [k = |split_column|:1:-1] split skip 1 using (moment(column(1))): \
		(100 * (sum [j = 1:k] column(split_column[j]))) \
		with filledcurves y1=0 linecolor rgb colour[split_line[k]] title split_title[k]
	unset label 1
}

unset multiplot
set output
