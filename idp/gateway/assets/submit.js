// Sends the form of this page once it is read. Without it the citizen presses the button.
document.forms[0].submit();
