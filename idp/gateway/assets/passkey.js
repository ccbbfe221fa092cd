// Asks a passkey to sign, and sends its answer with the form it stands in. What the server asks stands in the form's
// `data-options` (JSON, octets in base64url); what may be said to the person in front of it, in `data-say-…`.
(function () {
  'use strict';

  var form = document.querySelector('form[data-passkey]');
  var said = document.querySelector('[data-passkey-said]');
  var button = form.querySelector('button[type=submit]');
  var opened = Date.now();
  // The server forgets what it asked after ten minutes; nobody shall sign in vain.
  var FRESH = 9 * 60 * 1000;

  function octets(text) {
    var binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
    return Uint8Array.from(binary, function (c) { return c.charCodeAt(0); });
  }

  function text(buffer) {
    var binary = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  }

  function listed(credentials) {
    return (credentials || []).map(function (credential) {
      return Object.assign({}, credential, { id: octets(credential.id) });
    });
  }

  function create(asked) {
    asked.challenge = octets(asked.challenge);
    asked.user.id = octets(asked.user.id);
    asked.excludeCredentials = listed(asked.excludeCredentials);
    return navigator.credentials.create({ publicKey: asked }).then(function (made) {
      var answer = made.response;
      return {
        id: made.id, rawId: text(made.rawId), type: made.type, extensions: {},
        response: {
          attestationObject: text(answer.attestationObject),
          clientDataJSON: text(answer.clientDataJSON),
          transports: answer.getTransports ? answer.getTransports() : []
        }
      };
    });
  }

  function get(asked) {
    asked.challenge = octets(asked.challenge);
    asked.allowCredentials = listed(asked.allowCredentials);
    return navigator.credentials.get({ publicKey: asked }).then(function (signed) {
      var answer = signed.response;
      return {
        id: signed.id, rawId: text(signed.rawId), type: signed.type, extensions: {},
        response: {
          authenticatorData: text(answer.authenticatorData),
          clientDataJSON: text(answer.clientDataJSON),
          signature: text(answer.signature),
          userHandle: answer.userHandle ? text(answer.userHandle) : null
        }
      };
    });
  }

  function say(why) {
    said.textContent = form.getAttribute('data-say-' + why);
    said.hidden = false;
    button.disabled = false;
    said.focus();
  }

  function why(error) {
    switch (error && error.name) {
      case 'NotAllowedError': return 'cancelled';
      case 'InvalidStateError': return 'known';
      case 'NotSupportedError':
      case 'ConstraintError': return 'unsupported';
      default: return 'failed';
    }
  }

  function begin(event) {
    event.preventDefault();
    if (Date.now() - opened > FRESH) {
      location.reload();
      return;
    }
    if (!window.PublicKeyCredential || !navigator.credentials) {
      say('unsupported');
      return;
    }
    button.disabled = true;
    said.hidden = true;
    var asked = JSON.parse(form.getAttribute('data-options')).publicKey;
    var ceremony = form.getAttribute('data-passkey') === 'create' ? create : get;
    new Promise(function (resolve) { resolve(ceremony(asked)); }).then(function (answer) {
      form.elements.credential.value = JSON.stringify(answer);
      form.submit();
    }).catch(function (error) { say(why(error)); });
  }

  form.addEventListener('submit', begin);
  // A page that comes back from the cache of the browser, or from the night, has nothing left to be answered.
  window.addEventListener('pageshow', function (event) { if (event.persisted) { location.reload(); } });
  document.addEventListener('visibilitychange', function () {
    if (!document.hidden && Date.now() - opened > FRESH) { location.reload(); }
  });
}());
