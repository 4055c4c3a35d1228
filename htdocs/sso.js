// Posts the sign-on form of an add-on's dashboard; without JavaScript its
// button does.
document.forms[0].submit();
