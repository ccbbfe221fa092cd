package site;

import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** A site around the lines that the partners' space shows: its one page tells who is signed in. */
@SpringBootApplication
@RestController
public class Site {
    public static void main(String[] arguments) {
        SpringApplication.run(Site.class, arguments);
        System.out.println("listening on");
    }

    @GetMapping("/")
    ResponseEntity<Map<String, Object>> who(@AuthenticationPrincipal OidcUser citizen) {
        return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(citizen.getClaims());
    }
}
