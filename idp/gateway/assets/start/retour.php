<?php // composer require jumbojett/openid-connect-php
require 'vendor/autoload.php';

// One page for both: it sends the citizen away, and is the redirect URI that they come back to.
$oidc = new Jumbojett\OpenIDConnectClient('@ISSUER@', '@CLIENT_ID@', getenv('OIDC_CLIENT_SECRET'));
$oidc->setRedirectURL('@REDIRECT_URI@');
$oidc->addScope(explode(' ', '@SCOPE@'));
$oidc->setCodeChallengeMethod('S256');
$oidc->setTokenEndpointAuthMethodsSupported(['@METHOD@']);
$oidc->addAuthParam(['acr_values' => 'eidas1']);

$oidc->authenticate(); // state, nonce, PKCE, signature, issuer and audience

if (!in_array($oidc->getVerifiedClaims('acr'), ['eidas1', 'eidas2', 'eidas3'], true)) {
    throw new RuntimeException('the level is too low');
}
$citizen = $oidc->requestUserInfo();
$_SESSION['citizen'] = $oidc->getVerifiedClaims('sub');
