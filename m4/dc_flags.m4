dnl Compiler flags, each tried before it is used.

dnl DC_IF_FLAG(FLAG, IF-ACCEPTED, IF-NOT). FLAG may be a shell variable.
AC_DEFUN([DC_IF_FLAG], [
	AC_MSG_CHECKING([whether $CC accepts $1])
	dc_if_flag_save=$CFLAGS
	CFLAGS="$CFLAGS -Werror $1"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [dc_if_flag=yes], [dc_if_flag=no])
	CFLAGS=$dc_if_flag_save
	AC_MSG_RESULT([$dc_if_flag])
	AS_IF([test "x$dc_if_flag" = xyes], [$2], [$3])
])

dnl DC_APPEND_FLAG(FLAG, VARIABLE): appends when accepted.
AC_DEFUN([DC_APPEND_FLAG], [DC_IF_FLAG([$1], [$2="$$2 $1"], [:])])

dnl DC_REQUIRE_FLAG(FLAG, VARIABLE, WHY): appends, or stops with the reason.
AC_DEFUN([DC_REQUIRE_FLAG], [DC_IF_FLAG([$1], [$2="$$2 $1"],
	[AC_MSG_ERROR([$CC does not accept $1: $3])])])
