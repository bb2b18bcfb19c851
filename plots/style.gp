# The look of every dcsim plot: size, fonts, and the colours of Okabe and Ito, which readers with
# any kind of colour vision can tell apart [Okabe, Ito 2008, Color Universal Design].
#
# Loaded after the settings that the command writes: format ("png" or "svg") and output_file.
# Units and sizes of axes come from there too; the scripts draw and compute nothing.

if (format eq 'png') {
	set terminal pngcairo size 1200,900 font 'DejaVu Sans,11' noenhanced background 'white'
} else {
	set terminal svg size 1200,900 font 'DejaVu Sans,Helvetica,sans-serif,14' noenhanced \
		background 'white'
}
set output output_file
set encoding utf8

# blue, orange, green, vermillion, purple, sky, yellow, grey
array colour[8] = ['#0072B2', '#E69F00', '#009E73', '#D55E00', \
	'#CC79A7', '#56B4E9', '#F0E442', '#999999']

set border 3 linecolor '#444444'
set tics nomirror out textcolor '#222222'
set grid ytics linetype 1 linecolor '#DDDDDD' linewidth 0.5
set datafile separator "\t"
set datafile missing 'nan'
